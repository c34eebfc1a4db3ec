import { isAbort } from '../../base/abort.ts';
import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { OutboxState } from '../ports/outbox-entry.ts';
import type { OutboxStaging, OutcomeTally } from '../ports/outbox-staging.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withRun } from '../with-run.ts';
import { drainOutbox } from './drain.ts';
import type { Undecided } from './entry/blocked-contacts.ts';
import type { PushJob } from './push-job.ts';

/** What came of sending for a push. */
export interface PushDrain {
  runId: string | null;
  /** Records that wait until a person decides about an earlier change of their contact, by that one's state. */
  behind: Record<Undecided, number>;
  /** Why sending ended before everything was sent; null where it did not. */
  stopped: unknown;
}

/**
 * Sends what waits in the outbox and tells how much of this push is settled. `isNew`: nothing of it was sent before, and so many
 * of its records are `held`. A failure of the sending is in what it returns.
 */
export async function drainForPush(
  context: SyncContext,
  job: PushJob,
  staging: OutboxStaging,
  { total, isNew, held }: { total: number; isNew: boolean; held: number },
): Promise<PushDrain> {
  const behind = { conflict: 0, held: 0, 'in-doubt': 0 };
  let runId: string | null = null;
  const drain = async (run: RunRecorder) => {
    runId = run.id;
    const tally = isNew ? [] : await staging.tally();
    let settled = countOf(tally, ['done', 'rejected']);
    const unsent = isNew ? held : countOf(tally, ['held', 'conflict', 'dropped']);
    let older = 0;
    const isServed = () => settled + unsent >= total;
    const drained = await run.step('push', () =>
      drainOutbox(context, {
        run,
        withLease: job.withDrainLease,
        signal: job.signal,
        isServed,
        async onSettled(keys) {
          const own = await staging.countOwn(keys);
          settled += own;
          older += keys.length - own;
          const { instanceUrl } = context.remote;
          context.onEvent({ type: 'push:progress', instanceUrl, settled, total, older });
        },
      }),
    );
    for (const state of ['conflict', 'held', 'in-doubt'] as const)
      behind[state] = await staging.countOwn(drained.behind[state]);
    const stopped = drained.stopped ?? drained.stuck;
    // Jobs of others are theirs to wait for.
    const isOfOthers = isAppError(stopped, 'BULK_JOB_SLOW') && !isUnderWay(await staging.tally());
    if (stopped !== null && !isOfOthers) throw stopped;
  };
  try {
    await withRun(context, 'push', drain);
    return { runId, behind, stopped: null };
  } catch (error) {
    // A login or a broken mirror concerns the whole call; what waits is told by `outbox list`.
    if (runId === null || (!isAbort(error) && !isAppError(error))) throw error;
    return { runId, behind, stopped: error };
  }
}

/** What was held when the sending began may have been approved since. */
const isUnderWay = (tally: readonly OutcomeTally[]) => countOf(tally, ['pending', 'sent']) > 0;

/** So many of the records are in one of these states. */
function countOf(tally: readonly OutcomeTally[], states: readonly OutboxState[]): number {
  const inThem = tally.filter(({ state }) => state !== null && states.includes(state));
  return inThem.reduce((sum, { records }) => sum + records, 0);
}
