import type { SyncContext } from './context.ts';
import type { RunOutcome } from './ports/run.ts';

/**
 * Cycles that a killed process left as `running` become `interrupted`. The caller holds the org's watch lock, so
 * none of them can still be under way. (A backfill stays as it is: the next one goes on with it.)
 */
export async function closeKilledCycles({
  mirror,
  clock,
}: Pick<SyncContext, 'mirror' | 'clock'>): Promise<void> {
  for (const run of await mirror.journal.runs({ kind: 'cycle', status: 'running', limit: 100 })) {
    const outcome: RunOutcome = {
      status: 'interrupted',
      finishedAt: clock.now(),
      counts: {},
      apiCalls: 0,
      error: { code: 'INTERRUPTED', message: 'The process ended in the middle of this run.', hint: null },
    };
    await mirror.commit({ effects: [{ kind: 'end-run', runId: run.id, outcome }] });
  }
}
