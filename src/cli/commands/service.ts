import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';
import { requireSubcommand } from './require-subcommand.ts';

const verbs = {
  install: 'Installs and starts the service',
  uninstall: 'Stops and removes the service',
  status: 'Shows whether the service runs',
  logs: "Shows the service's log",
};

export function addServiceCommand({ program, run }: CommandHost): void {
  const service = program
    .command('service')
    .summary('`watch` as a user service (not yet)')
    .description(
      'Runs `watch` as a user service: systemd, launchd or the Windows Task Scheduler. Not part of this version yet.',
    );
  requireSubcommand(service);
  for (const [verb, what] of Object.entries(verbs)) {
    service
      .command(verb)
      .description(`${what} (not yet).`)
      .action(sayNotAvailable(run, '`service`', 'Let your own service manager run: parahack-sync watch'));
  }
}
