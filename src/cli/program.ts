import { Command } from 'commander';
import { addArchivesCommand } from './commands/archives.ts';
import { addBackfillCommand } from './commands/backfill.ts';
import type { CommandHost } from './commands/command-host.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addContactsCommand } from './commands/contacts.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEmulatorCommand } from './commands/emulator.ts';
import { examples } from './commands/examples.ts';
import { addLimitsCommand } from './commands/limits.ts';
import { addLoginCommand } from './commands/login.ts';
import { addLogoutCommand } from './commands/logout.ts';
import { addWhatIsAbsent, refusalOfFlags } from './commands/not-in-this-version.ts';
import { addOrgsCommand } from './commands/orgs.ts';
import { addOutboxCommand } from './commands/outbox.ts';
import { addPushCommand } from './commands/push.ts';
import { addReconcileCommand } from './commands/reconcile.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addStatusCommand } from './commands/status.ts';
import { addWatchCommand } from './commands/watch.ts';
import { refuseEmptyValues } from './options/refuse-empty.ts';
import { packageVersion } from './version.ts';

export interface ProgramHooks {
  run: CommandHost['run'];
  /** Takes the text of `--help` and `--version`. */
  write(text: string): void;
}

/** The whole command line as a tree; parsing it calls `run` with what the named command does. */
export function buildProgram({ run, write }: ProgramHooks): Command {
  const program = new Command('parahack-sync');
  program
    .description("Keeps an application's contacts and its users' Salesforce orgs the same.")
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .option('--json', 'write the result as JSON')
    .option('-q, --quiet', 'no progress and no messages')
    .option(
      '-v, --verbose',
      'more messages; repeat it for more',
      (_value: string, level: number) => level + 1,
      0,
    )
    .option('--no-color', 'no colour (also NO_COLOR)')
    .option('--data-dir <dir>', 'where registry, mirrors, locks and logs live (or PARAHACK_SYNC_DATA_DIR)')
    .option('--api-version <version>', 'version of the Salesforce API, 62.0 by default')
    .option(
      '--stop-timeout <duration>',
      'how long to wait for a last answer when told to end, 60s by default (or PARAHACK_SYNC_STOP_TIMEOUT)',
    )
    .configureHelp({ showGlobalOptions: true })
    // Errors are told by the error report, in one place and one form.
    .configureOutput({ writeOut: write, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .addHelpText(
      'after',
      examples('login --client-id ID', 'backfill', 'watch --interval 1m', 'push contacts.csv'),
    );
  const host: CommandHost = {
    program,
    run: (command, handler) => run(command, refusalOfFlags(command) ?? handler),
  };
  for (const add of commands) add(host);
  addWhatIsAbsent(host);
  refuseEmptyValues(program);
  return program;
}

/** In the order of the help: a normal day first. */
const commands: readonly ((host: CommandHost) => void)[] = [
  addLoginCommand,
  addBackfillCommand,
  addWatchCommand,
  addPushCommand,
  addStatusCommand,
  addContactsCommand,
  addOutboxCommand,
  addReconcileCommand,
  addRunsCommand,
  addOrgsCommand,
  addLimitsCommand,
  addArchivesCommand,
  addLogoutCommand,
  addDoctorCommand,
  addCompletionCommand,
  addEmulatorCommand,
];
