import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';

export function addReconcileCommand({ program, run }: CommandHost): void {
  program
    .command('reconcile')
    .summary('compare a mirror with its org and repair it (not yet)')
    .description(
      'Compares every Id and SystemModstamp with the org and repairs the mirror. Not part of this version yet.',
    )
    .argument('[org...]', 'aliases, instance URLs, hosts or usernames')
    .option('--dry-run', 'compare and change nothing')
    .option('--force', 'remove rows even where they are suspiciously many')
    .action(
      sayNotAvailable(
        run,
        '`reconcile`',
        'A full copy into a new file does the same for now: parahack-sync backfill --fresh',
      ),
    );
}
