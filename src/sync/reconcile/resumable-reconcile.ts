import { isAppError } from '../../base/errors.ts';
import { pendingChunks } from '../backfill/first-copy-run.ts';
import type { SyncContext } from '../context.ts';
import type { Run } from '../ports/run.ts';
import { parseReconcileState, type ReconcileState } from './reconcile-state.ts';

export interface BegunReconcile {
  run: Run;
  state: ReconcileState;
}

/** Salesforce keeps the results of a job for seven days, and T0 must not near the end of what `deleted` reaches. */
const resumableMs = 7 * 86_400_000;

/**
 * The newest reconcile, where it did not end and can be gone on with: of the same kind, as the same user, not too old,
 * and of the same rows (a full copy since then has replaced them).
 */
export async function resumableReconcile(
  context: Pick<SyncContext, 'mirror' | 'clock' | 'log'>,
  { dryRun, userId }: { dryRun: boolean; userId: string },
): Promise<BegunReconcile | null> {
  const { mirror, clock, log } = context;
  const [run] = await mirror.journal.runs({ kind: 'reconcile', limit: 1 });
  if (run === undefined || run.status === 'complete') return null;
  const state = parseReconcileState(run);
  if (state === null || !(await hasReadableChunks(context, run.id))) {
    log.warn('the interrupted reconcile cannot be gone on with and starts over', { runId: run.id });
    return null;
  }
  if (state.dryRun !== dryRun || state.userId !== userId) return null;
  if (clock.now() - run.startedAt > resumableMs) return null;
  const [copy] = await mirror.journal.runs({ kind: 'backfill', status: 'complete', limit: 1 });
  return copy !== undefined && copy.startedAt > run.startedAt ? null : { run, state };
}

async function hasReadableChunks(context: Pick<SyncContext, 'mirror'>, runId: string): Promise<boolean> {
  try {
    await pendingChunks(context, runId);
    return true;
  } catch (error) {
    if (isAppError(error, 'PROGRESS_UNREADABLE')) return false;
    throw error;
  }
}
