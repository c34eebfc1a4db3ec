import { wholeNumber } from '../options/number-option.ts';
import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';

export function addWorkerCommand({ program, run }: CommandHost): void {
  program
    .command('worker')
    .summary('take jobs from PostgreSQL, on many machines (not yet)')
    .description('Takes jobs from PostgreSQL until SIGTERM. Not part of this version yet.')
    .option('--concurrency <n>', 'jobs at a time', wholeNumber(1, 1_000))
    .action(
      sayNotAvailable(run, '`worker`', 'One machine syncs many orgs side by side: parahack-sync watch'),
    );
}
