import type { SyncContext } from './context.ts';
import type { Run, RunOutcome } from './ports/run.ts';

/** Of each kind, so many of the newest are looked at. */
const mostRuns = 100;

/**
 * Runs that were left as `running`, by a process that was killed or on a disk where their end found no room, become
 * `interrupted`: cycles, reconciles, fills of new columns, and copies that another has taken the place of. The caller
 * holds the org's lease and does nothing else under it, so none of them can still be under way. The newest copy stays
 * as it is, for the next backfill goes on with it.
 */
export async function closeKilledRuns({ mirror }: Pick<SyncContext, 'mirror'>): Promise<void> {
  const { journal } = mirror;
  const killed: Run[] = [];
  for (const kind of ['cycle', 'reconcile'] as const)
    killed.push(...(await journal.runs({ kind, status: 'running', limit: mostRuns })));
  let isNewestCopy = true;
  for (const run of await journal.runs({ kind: 'backfill', limit: mostRuns })) {
    const isDone = isFill(run) || !isNewestCopy;
    if (!isFill(run)) isNewestCopy = false;
    if (isDone && run.status === 'running') killed.push(run);
  }
  for (const run of killed) {
    const outcome: RunOutcome = {
      status: 'interrupted',
      // It was when nobody looked; nor has anybody counted the calls since its last write.
      finishedAt: null,
      counts: {},
      apiCalls: 0,
      error: {
        code: 'INTERRUPTED',
        message: 'The process ended in the middle of this run, or could not write its end.',
        hint: null,
      },
    };
    await mirror.commit({ effects: [{ kind: 'end-run', runId: run.id, outcome }] });
  }
}

/** It fills columns and is recorded as a backfill too, but the next cycle begins it anew. */
function isFill({ state }: Run): boolean {
  return typeof state === 'object' && state !== null && 'fill' in state && state.fill === true;
}
