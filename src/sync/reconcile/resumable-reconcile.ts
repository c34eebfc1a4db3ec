import { isAppError } from '../../base/errors.ts';
import { isoTime } from '../../base/iso-time.ts';
import { pendingChunks } from '../backfill/first-copy-run.ts';
import type { SyncContext } from '../context.ts';
import { isToldSince } from '../deleted-reach.ts';
import { futureMs } from '../future-cursor.ts';
import type { Run } from '../ports/run.ts';
import { parseReconcileState, type ReconcileState } from './reconcile-state.ts';

export interface BegunReconcile {
  run: Run;
  state: ReconcileState;
  /** It began before what is asked for now: what sharing has changed since is not in what it has swept. */
  isFormer: boolean;
}

/** Somebody wants the whole of it compared as it is from then on. */
export interface ReconcileRequest {
  /** Null where nobody has kept it: what lies interrupted is older. */
  id: string | null;
}

const dayMs = 86_400_000;
/** Salesforce keeps the results of a job for so long. */
const resumableMs = 7 * dayMs;
/**
 * A transaction that was open may have put T0 long before the beginning. Deletions are told for 15 days, of which one is
 * left for the rest of the reconcile and the cycle behind it.
 */
const reachMs = 14 * dayMs;

interface ResumableOptions {
  dryRun: boolean;
  userId: string;
  request?: ReconcileRequest | null;
  signal: AbortSignal;
}

/**
 * The newest reconcile, where it did not end and can be gone on with: of the same kind, as the same user, not too old,
 * of the same rows (no full copy has read any since then), and with a T0 from which cycles can still go on. Of one that is
 * older than the request only where it has swept half of all at least, and repairs something; but the same command again,
 * within a day, goes on with what it began. The org has told its time.
 */
export async function resumableReconcile(
  context: SyncContext,
  { dryRun, userId, request = null, signal }: ResumableOptions,
): Promise<BegunReconcile | null> {
  const { mirror, remote, log } = context;
  const [run] = await mirror.journal.runs({ kind: 'reconcile', limit: 1 });
  if (run === undefined || run.status === 'complete') return null;
  const state = parseReconcileState(run);
  if (state === null || !(await hasReadableChunks(context, run.id))) {
    log.warn('the interrupted reconcile cannot be gone on with and starts over', { runId: run.id });
    return null;
  }
  if (state.dryRun !== dryRun || state.userId !== userId) return null;
  if (state.overtaken) return null;
  const now = remote.clock.told();
  if (!isRecent(state, now) || !(await isToldSince(context, state.t0, { now, signal }))) {
    log.info('the interrupted reconcile is too old to be gone on with and starts over', { runId: run.id });
    return null;
  }
  const isAgain = request?.id === null && isAskedLately(state, now);
  if (isAgain) warnOfFormerSweep(context, state);
  const isFormer = request !== null && !isAgain && (request.id === null || request.id !== state.requestId);
  if (isFormer && !isWorthItsEnd(run, state)) {
    log.info('the interrupted reconcile is older than what is asked for and starts over', { runId: run.id });
    return null;
  }
  return { run, state, isFormer };
}

/**
 * The same command again goes on with what it was interrupted in: one that never gets so far as to read half of it would
 * begin anew for ever. Pure.
 */
function isAskedLately({ cause, begunAt }: ReconcileState, now: number): boolean {
  return cause === 'asked' && now - begunAt <= dayMs;
}

/** Who asks after a change of sharing takes a comparison from before it for one that has seen it. */
function warnOfFormerSweep({ log, remote }: SyncContext, { begunAt }: ReconcileState): void {
  log.warn(
    `${remote.instanceUrl}: the comparison that was asked for at ${isoTime(begunAt)} did not end and is gone on with: what sharing or permissions have hidden or shown since then it may not see. After such a change, run reconcile once more behind it.`,
  );
}

/** The whole is swept once more behind it. Pure. */
function isWorthItsEnd({ counts }: Pick<Run, 'counts'>, state: ReconcileState): boolean {
  const { dryRun, planned, swept, total } = state;
  const { rows = 0 } = counts;
  return !dryRun && planned && (swept || 2 * rows >= total);
}

/** By the org's time. One that lies ahead was told wrongly once. Pure. */
function isRecent({ begunAt, t0 }: ReconcileState, now: number): boolean {
  return now - begunAt <= resumableMs && now - t0 <= reachMs && t0 <= now + futureMs;
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
