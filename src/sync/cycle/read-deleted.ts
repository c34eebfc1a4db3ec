import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { coveredBy } from '../coverage.ts';
import { floorMinute } from '../minute.ts';
import type { Tombstone } from '../ports/page.ts';
import type { DeletedAnswer, Window } from '../ports/record-changes.ts';
import { outOfReach, readWindow } from '../replication-window.ts';
import type { RunRecorder } from '../run-recorder.ts';

/**
 * Turns what `deleted` names since the cursor `from` into tombstones. Its word alone is not enough (a record may have come back
 * since): each id is asked for by queryAll afterwards, which also tells the survivor of a merge.
 */
export async function readDeleted(
  context: SyncContext,
  from: number,
  { run, signal }: { run: RunRecorder; signal: AbortSignal },
): Promise<void> {
  const { remote, records, mirror } = context;

  const take = async (piece: Window, answer: DeletedAnswer): Promise<number | null> => {
    const { earliestDateAvailable } = answer;
    if (earliestDateAvailable !== null && floorMinute(earliestDateAvailable) > piece.start) {
      throw outOfReach(
        `Salesforce has dropped its list of deleted contacts before ${new Date(earliestDateAvailable).toISOString()}, and the mirror was last current at ${new Date(piece.start).toISOString()}.`,
      );
    }
    const covered = coveredBy(answer);
    const named = answer.records.map(({ id }) => id);
    const tombstones = await confirm(context, named, run, signal);
    const outcome = await mirror.commit(
      { tombstones, effects: covered === null ? [] : [{ kind: 'move-cursors', to: { deleted: covered } }] },
      { signal },
    );
    run.count('deleted', outcome.buried);
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

async function confirm(
  context: SyncContext,
  named: readonly string[],
  run: RunRecorder,
  signal: AbortSignal,
): Promise<Tombstone[]> {
  const ids = [...new Set(named)];
  const known = await context.mirror.contacts.states(ids);
  // The window's last minute is named again by the next cycle; what is buried already stays so.
  const open = ids.filter((id) => (known.get(id)?.gone ?? null) === null);
  run.count('knownDeleted', ids.length - open.length);
  const { tombstones, live } = await confirmGone(context, open, { signal });
  run.count('deletedButLive', live.length);
  return tombstones;
}
