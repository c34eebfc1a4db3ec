import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { coveredBy } from '../coverage.ts';
import { floorMinute, minuteMs } from '../minute.ts';
import type { Effect } from '../ports/effect.ts';
import type { PageOutcome } from '../ports/page.ts';
import type { UpdatedAnswer, Window } from '../ports/record-changes.ts';
import { readByBulk } from '../read/by-bulk.ts';
import { retrieveIds } from '../read/by-ids.ts';
import { readByKey } from '../read/by-key.ts';
import type { RowReader } from '../read/row-reader.ts';
import { readWindow } from '../replication-window.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { currentFields } from '../schema.ts';
import { select, soqlDateTime } from '../soql.ts';
import { recallWindow, rememberWindow } from './known-window.ts';

/** Above this many ids one bulk query costs fewer calls than retrieving them 2,000 at a time. */
const bulkAboveIds = 20_000;

export interface ReadUpdatedOptions {
  run: RunRecorder;
  /** Just before the cycle began (ms since 1970): a describe from then on is asked no second time. */
  describedSince: number;
  signal: AbortSignal;
}

/** Fetches all records that `updated` names since the cursor `from`; the cursor moves with the last page of a piece. */
export async function readUpdated(
  context: SyncContext,
  from: number,
  { run, describedSince, signal }: ReadUpdatedOptions,
): Promise<void> {
  const { object, remote, records, mirror } = context;
  const took = (page: PageOutcome) => {
    run.count('rows', page.rows);
    run.count('upserted', page.inserted + page.updated);
    run.count('undeleted', page.undeleted);
    run.count('unchanged', page.unchanged);
    run.count('absent', page.absent);
  };
  // Asked when the first row is to be read: a cycle without changes does not pay for it.
  let reader: Promise<RowReader> | undefined;
  const readerNow = (): Promise<RowReader> => {
    reader ??= currentFields(context, { knownSince: describedSince, signal }).then((fields) => ({
      context,
      fields,
      took,
      signal,
    }));
    return reader;
  };
  let cursor = floorMinute(from);
  let window = await recallWindow(mirror.journal, cursor);

  const take = async (piece: Window, answer: UpdatedAnswer): Promise<number | null> => {
    const covered = coveredBy(answer);
    const moves = covered !== null && covered > cursor;
    const effects: Effect[] = covered === null ? [] : [{ kind: 'move-cursors', to: { updated: covered } }];
    if (moves && window !== null) effects.push({ kind: 'remember-window', window: null });
    const known = moves || window?.cursor !== cursor ? null : window;
    if (answer.ids.length === 0 && known === null) {
      await mirror.commit({ effects }, { signal });
    } else if (answer.ids.length > bulkAboveIds && known === null) {
      const bulk = await readerNow();
      const since = `SystemModstamp >= ${soqlDateTime(piece.start)}`;
      await readByBulk(bulk, select(object.name, bulk.fields, [since]));
      await mirror.commit({ effects }, { signal });
    } else if (known === null) {
      // The cursor is about to pass this span, or nothing is remembered of it: every id is read.
      await retrieveIds(await readerNow(), answer.ids, effects);
    } else {
      // Coverage stands still: only what is new to the window, and what was stamped since the last look.
      await retrieveIds(
        await readerNow(),
        answer.ids.filter((id) => !known.ids.has(id)),
        effects,
      );
      const since = floorMinute(known.lastRead);
      await readByKey(await readerNow(), [`SystemModstamp >= ${soqlDateTime(since)}`]);
    }
    if (moves) cursor = covered;
    else if (piece.start <= cursor && (answer.ids.length > 0 || known !== null)) {
      window = { cursor, ids: new Set(answer.ids), lastRead: answer.readAt };
      await mirror.commit({ effects: [rememberWindow(window)] }, { signal });
    }
    return covered;
  };

  await readWindow(from, () => remote.clock.now(), {
    call: (piece) => records.changes.updated(piece, { signal }),
    take,
    takeCrowdedMinute: async (piece) => {
      // Read after its coverage was seen, or the late commits of this minute would be missing.
      const covered = await coverageFrom(context, piece.start, signal);
      const bulk = await readerNow();
      await readByBulk(bulk, select(object.name, bulk.fields, minuteConditions(piece)));
      if (covered === null || covered < piece.end) return null;
      await mirror.commit({ effects: [{ kind: 'move-cursors', to: { updated: piece.end } }] }, { signal });
      cursor = piece.end;
      return piece.end;
    },
  });
}

function minuteConditions({ start, end }: Window): string[] {
  return [`SystemModstamp >= ${soqlDateTime(start)}`, `SystemModstamp < ${soqlDateTime(end)}`];
}

/**
 * Coverage as the `deleted` call tells it, for a minute that `updated` cannot answer. Where too many were deleted
 * since, the newest minute alone is asked: what covers that covers all before it. Null where `deleted` cannot answer
 * that either. The minute may still be running, so only its start is surely no future.
 */
async function coverageFrom(
  { remote, records }: SyncContext,
  start: number,
  signal: AbortSignal,
): Promise<number | null> {
  const newest = Math.max(floorMinute(remote.clock.now()), start);
  for (const from of new Set([start, newest])) {
    try {
      return coveredBy(await records.changes.deleted({ start: from, end: newest + minuteMs }, { signal }));
    } catch (error) {
      if (!isAppError(error, 'EXCEEDED_ID_LIMIT')) throw error;
    }
  }
  return null;
}
