import { parseTime } from '../../base/iso-time.ts';
import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { coveredBy } from '../coverage.ts';
import { floorMinute, minuteMs } from '../minute.ts';
import type { ContactState } from '../ports/contact-store.ts';
import type { Effect } from '../ports/effect.ts';
import type { Tombstone } from '../ports/page.ts';
import type { DeletedAnswer, Window } from '../ports/record-changes.ts';
import { outOfReach, readWindow } from '../replication-window.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { IdMarks } from './id-marks.ts';
import {
  forgetWindow,
  isSameWindow,
  type KnownWindow,
  recallWindow,
  rememberWindow,
} from './known-window.ts';

/**
 * Turns what `deleted` names since the cursor `from` into tombstones. Its word alone is not enough (a record may have come back
 * since): each id is asked for by queryAll afterwards, which also tells the survivor of a merge.
 */
export async function readDeleted(
  context: SyncContext,
  from: number,
  { run, signal }: { run: Pick<RunRecorder, 'count' | 'later'>; signal: AbortSignal },
): Promise<void> {
  const { remote, records, mirror } = context;

  let known = await recallWindow(mirror.journal, 'deleted', floorMinute(from));
  const take = async (piece: Window, answer: DeletedAnswer): Promise<number | null> => {
    const { earliestDateAvailable } = answer;
    if (earliestDateAvailable !== null && floorMinute(earliestDateAvailable) > piece.start) {
      throw outOfReach(
        `Salesforce has dropped its list of deleted contacts before ${new Date(earliestDateAvailable).toISOString()}, and the mirror was last current at ${new Date(piece.start).toISOString()}.`,
      );
    }
    const covered = coveredBy(answer);
    const { tombstones, undone } = await confirm(context, answer, { known, covered, run, signal });
    const window = windowAfter(answer, Math.max(covered ?? 0, piece.start), undone);
    const effects: Effect[] = covered === null ? [] : [{ kind: 'move-cursors', to: { deleted: covered } }];
    if (window === null && known !== null) effects.push(forgetWindow('deleted'));
    if (window !== null && !isSameWindow(window, known)) effects.push(rememberWindow('deleted', window));
    if (tombstones.length === 0 && effects.every(({ kind }) => kind === 'move-cursors')) run.later(effects);
    else {
      const outcome = await mirror.commit({ tombstones, effects }, { signal });
      run.count('deleted', outcome.buried);
    }
    known = window;
    return covered;
  };

  await readWindow(from, () => remote.clock.now(), {
    call: (piece) => records.changes.deleted(piece, { signal }),
    take,
    takeCrowdedMinute: async (piece) => {
      throw outOfReach(
        `More contacts were deleted in the minute ${new Date(piece.start).toISOString()} than Salesforce tells in one answer.`,
      );
    },
  });
}

interface Confirming {
  known: KnownWindow | null;
  covered: number | null;
  run: Pick<RunRecorder, 'count'>;
  signal: AbortSignal;
}

/** `undone`: the deletions of the answer whose contacts live all the same, as `deletionOf` writes them. */
async function confirm(
  context: SyncContext,
  { records: named }: DeletedAnswer,
  { known, covered, run, signal }: Confirming,
): Promise<{ tombstones: Tombstone[]; undone: string[] }> {
  // The last of each: a contact may have been deleted, restored and deleted again.
  const deletedAt = new Map<string, number>();
  for (const { id, deletedDate } of named)
    deletedAt.set(id, Math.max(deletedAt.get(id) ?? 0, parseTime(deletedDate) ?? 0));
  const states = await context.mirror.contacts.states([...deletedAt.keys()]);
  const open: string[] = [];
  const undone: string[] = [];
  for (const [id, at] of deletedAt) {
    if (isBuried(states.get(id), at)) continue;
    // What the cursor passes is asked for once more, as an answer may be older than the list.
    const isSettled = at > (covered ?? 0) && known?.ids.has(deletionOf(id, at));
    if (isSettled) undone.push(deletionOf(id, at));
    else open.push(id);
  }
  run.count('knownDeleted', deletedAt.size - open.length);
  const { tombstones, live } = await confirmGone(context, open, { signal });
  run.count('deletedButLive', live.length);
  undone.push(...live.map((id) => deletionOf(id, deletedAt.get(id) ?? 0)));
  return { tombstones, undone };
}

/** Another deletion of the same contact has another time. */
function deletionOf(id: string, deletedAt: number): string {
  return `${id} ${deletedAt}`;
}

/** What is remembered of a window that begins at `cursor`; null where no deletion in it was undone. */
function windowAfter({ readAt }: DeletedAnswer, cursor: number, undone: string[]): KnownWindow | null {
  return undone.length === 0
    ? null
    : { cursor: floorMinute(cursor), ids: IdMarks.of(undone), lastRead: readAt };
}

/**
 * Whether the deletion at `deletedAt` is in the mirror: each cycle names the last minute's again, and those of hours
 * while coverage stands still. A hidden contact is none, for Salesforce now says more of it.
 */
function isBuried(state: ContactState | undefined, deletedAt: number): boolean {
  if (state === undefined || state.gone === null || state.gone === 'hidden') return false;
  if (state.gone === 'purged') return true;
  // The list may be stamped somewhat later than the record; one deleted again after a restoring is so by far more.
  return (parseTime(state.deletedStamp ?? '') ?? 0) >= deletedAt - minuteMs;
}
