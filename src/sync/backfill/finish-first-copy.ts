import type { SyncContext } from '../context.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withCurrentFields } from '../schema.ts';
import { withinRun } from '../with-run.ts';
import { closeGap } from './close-gap.ts';
import { confirmBuried } from './confirm-buried.ts';
import { confirmUnread } from './confirm-unread.ts';
import type { CopyState } from './copy-state.ts';
import { begunCopy, pendingChunks } from './first-copy-run.ts';

/** What becomes of a copy that was made beside a mirror. */
export interface CopyBeside {
  withDrainLease<T>(work: () => Promise<T>): Promise<T>;
  putInPlace(compared: Compared): Promise<void>;
}

/** COUNT() of both sides. */
export interface Compared {
  org: number;
  mirror: number;
}

/**
 * Ends a first copy whose chunks are all read: what it did not read is confirmed, indices are made, the cursors become
 * T0, and the gap is closed. Goes on where a former call was interrupted.
 */
export async function finishFirstCopy(
  context: SyncContext,
  runId: string,
  { beside, signal }: { beside?: CopyBeside; signal: AbortSignal },
): Promise<Compared> {
  const { state } = await begunCopy(context, runId);
  if (!state.planned || (await pendingChunks(context, runId)).length > 0)
    throw new Error(`The first copy ${runId} is not read yet.`);
  return withinRun(context, runId, async (run) => {
    if (!run.isEnded) await complete(context, run, state, signal);
    return close(context, run, { beside, signal });
  });
}

async function complete(
  context: SyncContext,
  run: RunRecorder,
  { t0, userId, begunAt, fromEmpty, afterAnother }: CopyState,
  signal: AbortSignal,
): Promise<void> {
  let unheardUntil = 0;
  if (!fromEmpty) {
    await run.step('confirm', (note) =>
      withCurrentFields(context, { signal }, async () => {
        ({ unheardUntil } = await confirmUnread(context, {
          before: begunAt,
          force: afterAnother,
          run,
          note,
          signal,
        }));
        const buried = await confirmBuried(context, { run, signal });
        unheardUntil = Math.max(unheardUntil, buried.unheardUntil);
      }),
    );
  }
  await run.step('index', () => context.mirror.contacts.ensureIndices());
  // The cursors become T0 in the transaction that ends the run, and only in a mirror that had none: an
  // older cursor still knows of deletes that this read cannot show.
  await run.end([
    { kind: 'set-first-cursors', updated: t0, deleted: t0, userId, unheardUntil },
    { kind: 'patch-run-state', runId: run.id, patch: { closing: true } },
  ]);
}

/** Nobody pushes while a copy takes its place: what was pushed before is in it, what comes after goes to it. */
function close(
  context: SyncContext,
  run: RunRecorder,
  { beside, signal }: { beside: CopyBeside | undefined; signal: AbortSignal },
): Promise<Compared> {
  const work = async () => {
    const compared = await closeGap(context, run, { exact: beside !== undefined, signal });
    await run.end([{ kind: 'patch-run-state', runId: run.id, patch: { closing: false } }]);
    await beside?.putInPlace(compared);
    return compared;
  };
  return beside === undefined ? work() : beside.withDrainLease(work);
}
