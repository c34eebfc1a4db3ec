import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { coveredBy } from '../coverage.ts';
import { floorMinute, minuteMs } from '../minute.ts';
import type { Effect } from '../ports/effect.ts';
import type { PageOutcome } from '../ports/page.ts';
import type { UpdatedAnswer, Window } from '../ports/record-changes.ts';
import { readByBulk } from '../read/by-bulk.ts';
import type { RowReader } from '../read/row-reader.ts';
import { readWindow } from '../replication-window.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { currentFields } from '../schema.ts';
import { select, soqlDateTime } from '../soql.ts';
import type { CycleTime } from './cycle-time.ts';
import { IdMarks } from './id-marks.ts';
import { forgetWindow, type KnownWindow, recallWindow, rememberWindow } from './known-window.ts';
import { type Named, readNamed } from './read-named.ts';
import { idsStampedSince } from './stamped-since.ts';

export interface ReadUpdatedOptions {
  run: Pick<RunRecorder, 'count' | 'later'>;
  time: CycleTime;
  /** Just before the cycle began (ms since 1970): a describe from then on is asked no second time. */
  describedSince: number;
  signal: AbortSignal;
}

/** Fetches all records that `updated` names since the cursor `from`; the cursor moves with the last page of a piece. */
export async function readUpdated(
  context: SyncContext,
  from: number,
  options: ReadUpdatedOptions,
): Promise<void> {
  const { records, mirror } = context;
  const { time, signal } = options;
  const pieces = new UpdatedPieces(
    context,
    options,
    await recallWindow(mirror.journal, 'updated', floorMinute(from)),
    from,
  );
  const call = async (piece: Window): Promise<UpdatedAnswer> => {
    try {
      const answer = await records.changes.updated(piece, { signal });
      await time.check({ signal });
      return answer;
    } catch (error) {
      // A cursor in the org's future, or older than its list, is refused in words of its own.
      if (isAppError(error, 'INVALID_REPLICATION_DATE')) await time.checkRefused({ signal });
      throw error;
    }
  };
  await readWindow(from, () => time.now(), {
    call,
    take: (piece, answer) => pieces.take(piece, answer),
    takeCrowdedMinute: (piece) => pieces.takeCrowdedMinute(piece),
    isTimeKnown: () => time.isKnown,
  });
}

class UpdatedPieces {
  readonly #context: SyncContext;
  readonly #options: ReadUpdatedOptions;
  #window: KnownWindow | null;
  #cursor: number;
  #reader: Promise<RowReader> | undefined;

  constructor(context: SyncContext, options: ReadUpdatedOptions, window: KnownWindow | null, from: number) {
    this.#context = context;
    this.#options = options;
    this.#window = window;
    this.#cursor = floorMinute(from);
  }

  /** See `WindowReader`. */
  async take(piece: Window, answer: UpdatedAnswer): Promise<number | null> {
    const { run, signal } = this.#options;
    const known = this.#window?.cursor === this.#cursor ? this.#window : null;
    const covered = coveredBy(answer);
    const effects: Effect[] = [];
    let cursor = this.#cursor;
    let passed: Window | null = null;
    if (covered !== null && covered > cursor) {
      effects.push(moveTo(covered));
      cursor = covered;
      passed = { start: piece.start, end: covered };
    }
    const named =
      known === null ? allNamed(this.#context, piece, answer) : await this.#newlyNamed(answer, known, passed);
    // What is read is remembered with it; where nothing is, what was remembered before is as good.
    if (known === null || passed !== null || named.ids.length > 0 || named.isPart) {
      const window = windowAfter(piece, answer, cursor);
      if (window !== null) effects.push(rememberWindow('updated', window));
      else if (this.#window !== null) effects.push(forgetWindow('updated'));
      this.#window = window;
    }
    if (named.ids.length > 0 || named.isPart)
      await readNamed(await this.#readerNow(), named, effects, { run });
    // Without rows a cursor that has moved needs no transaction of its own; what is remembered of a window has its order.
    else if (effects.every(({ kind }) => kind === 'move-cursors')) run.later(effects);
    else await this.#context.mirror.commit({ effects }, { signal });
    this.#cursor = cursor;
    return covered;
  }

  /**
   * Of a window that was read before: what is new to it, what was stamped since the last look, and once more all of
   * the span that the cursor is about to pass, where transactions may have committed with stamps from before that look.
   */
  async #newlyNamed(answer: UpdatedAnswer, known: KnownWindow, passed: Window | null): Promise<Named> {
    const { signal } = this.#options;
    const named = { namedAt: answer.readAt, from: floorMinute(known.lastRead), to: null };
    const ids = new Set(answer.ids.filter((id) => !known.ids.has(id)));
    // All of them at once cost no more than asking which of them lie in that span.
    if (passed !== null && answer.ids.length - ids.size <= 2 * this.#context.sizes.retrieveRows)
      return { ...named, ids: answer.ids, from: passed.start };
    const since = await idsStampedSince(this.#context, known.lastRead, { signal });
    for (const id of since ?? []) ids.add(id);
    if (passed !== null) {
      const last = await this.#context.records.changes.updated(passed, { signal });
      for (const id of last.ids) ids.add(id);
      if (last.ids.length > this.#context.sizes.bulkAboveIds) named.from = passed.start;
    }
    return { ...named, ids: [...ids], isPart: since === null };
  }

  /** A minute that `updated` cannot answer; see `WindowReader`. */
  async takeCrowdedMinute({ start, end }: Window): Promise<number | null> {
    const { time, signal } = this.#options;
    // Read after its coverage was seen, or the late commits of this minute would be missing.
    const covered = await coverageFrom(this.#context, start, { time, signal });
    const reader = await this.#readerNow();
    const minute = [`SystemModstamp >= ${soqlDateTime(start)}`, `SystemModstamp < ${soqlDateTime(end)}`];
    await readByBulk(reader, select(this.#context.object.name, reader.fields, minute));
    if (covered === null || covered < end) return null;
    await this.#context.mirror.commit({ effects: [moveTo(end)] }, { signal });
    this.#cursor = end;
    return end;
  }

  /** Describe is asked when the first row is to be read: a cycle without changes does not pay for it. */
  #readerNow(): Promise<RowReader> {
    const { describedSince: knownSince, run, signal } = this.#options;
    const took = (page: PageOutcome) => {
      run.count('rows', page.rows);
      run.count('upserted', page.inserted + page.updated);
      run.count('undeleted', page.undeleted);
      run.count('unchanged', page.unchanged);
      run.count('absent', page.absent);
    };
    this.#reader ??= currentFields(this.#context, { knownSince, signal }).then((fields) => ({
      context: this.#context,
      fields,
      took,
      signal,
    }));
    return this.#reader;
  }
}

/** What is known of the window that begins at `cursor` when all of `answer` has been read; null where it is passed. */
function windowAfter(
  { start, end }: Window,
  { ids, readAt }: UpdatedAnswer,
  cursor: number,
): KnownWindow | null {
  if (cursor < start || cursor >= end || ids.length === 0) return null;
  return { cursor, ids: IdMarks.of(ids), lastRead: readAt };
}

/** What the cursor is about to pass for the first time, or nothing is remembered of. */
function allNamed(context: SyncContext, { start, end }: Window, { ids, readAt }: UpdatedAnswer): Named {
  const isPast = end <= floorMinute(context.remote.clock.now());
  return { ids, namedAt: readAt, from: start, to: isPast ? end : null };
}

function moveTo(updated: number): Effect {
  return { kind: 'move-cursors', to: { updated } };
}

/**
 * Coverage as the `deleted` call tells it, for a minute that `updated` cannot answer. Where too many were deleted
 * since, the newest minute alone is asked: what covers that covers all before it. Null where `deleted` cannot answer
 * that either. The minute may still be running, so only its start is surely no future.
 */
async function coverageFrom(
  { records }: Pick<SyncContext, 'records'>,
  start: number,
  { time, signal }: Pick<ReadUpdatedOptions, 'time' | 'signal'>,
): Promise<number | null> {
  // Where the org has only refused so far, its time may not be known yet.
  const newest = Math.max(floorMinute(time.now()), start);
  for (const from of new Set([start, newest])) {
    try {
      return coveredBy(await records.changes.deleted({ start: from, end: newest + minuteMs }, { signal }));
    } catch (error) {
      if (!isAppError(error, 'EXCEEDED_ID_LIMIT')) throw error;
    }
  }
  return null;
}
