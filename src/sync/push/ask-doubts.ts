import type { SyncContext } from '../context.ts';
import type { Lease } from '../ports/leases.ts';
import { withRun } from '../with-run.ts';
import { DrainProgress } from './progress/drain-progress.ts';
import { readBack } from './read-back/read-back.ts';
import { askJobs } from './send/run-job.ts';
import { leaveInDoubt, recover } from './settle/recover.ts';

export interface AskOptions {
  /** Lends the org's drain lease: what is `sent` then has lost its process. */
  withLease: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  signal: AbortSignal;
}

/**
 * Asks the org what became of all entries in doubt and of ingest jobs that were left behind, sends nothing, and reads back what
 * was settled; `first` is done before contacts are looked for, under the same lease. Throws where the org cannot be asked or a job
 * is not over; what was settled until then is stored.
 */
export async function askDoubts(
  context: SyncContext,
  { withLease, signal }: AskOptions,
  first?: (context: SyncContext) => Promise<void>,
): Promise<void> {
  await withLease(async (lease) => {
    const leased = { ...context, mirror: await context.mirror.under(lease) };
    await withRun(leased, 'push', async (run) => {
      const progress = new DrainProgress(run, { patienceMs: 0 });
      await run.step('push', async () => {
        await askJobs(leased, progress, { signal, confirm: () => lease.confirm() });
        await first?.(leased);
        await recover(leased, progress, { eager: true, signal });
        await leaveInDoubt(leased);
      });
      if (progress.stuck !== null) throw progress.stuck;
      await readBack(leased, { run, signal });
    });
  });
}
