import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';
import { requireSubcommand } from './require-subcommand.ts';

const instead = 'Poll more often: parahack-sync watch --interval 30s';

export function addEventsCommand({ program, run }: CommandHost): void {
  const refuse = sayNotAvailable(run, '`events`', instead);
  const events = program
    .command('events')
    .summary("changes as they happen, by the org's Change Data Capture (not yet)")
    .description('Change Data Capture for Contact in the org. Not part of this version yet.');
  requireSubcommand(events);
  for (const [verb, what] of [
    ['enable', 'Turns it on in the org, for all who use it'],
    ['disable', 'Turns it off in the org'],
  ] as const) {
    events
      .command(verb)
      .description(`${what} (not yet).`)
      .argument('[org]', 'alias, instance URL, host or username')
      .option('--yes', 'do not ask')
      .action(refuse);
  }
  events
    .command('status')
    .description('Shows how the stream is doing (not yet).')
    .argument('[org]', 'alias, instance URL, host or username')
    .action(refuse);
}
