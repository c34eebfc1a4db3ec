import type { SyncContext } from './context.ts';

/**
 * Cycles that a killed process left as `running` become `interrupted`. The caller holds the org's watch lock, so
 * none of them can still be under way. (A backfill stays as it is: the next one goes on with it.)
 */
export async function closeKilledCycles({
  mirror,
  clock,
}: Pick<SyncContext, 'mirror' | 'clock'>): Promise<void> {
  for (const run of await mirror.runs({ kind: 'cycle', status: 'running', limit: 100 })) {
    await mirror.finishRun(run.id, {
      status: 'interrupted',
      finishedAt: clock.now(),
      counts: run.counts,
      apiCalls: run.apiCalls,
      error: { code: 'INTERRUPTED', message: 'The process ended in the middle of this run.', hint: null },
    });
  }
}
