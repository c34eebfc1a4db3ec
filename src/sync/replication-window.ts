import { AppError, isAppError } from '../base/errors.ts';
import { floorMinute, minuteMs } from './minute.ts';
import type { Window } from './ports/record-changes.ts';

export interface WindowReader<Answer> {
  /** `updated` or `deleted`. */
  call(window: Window): Promise<Answer>;
  /** Stores what the answer says of this piece and answers up to where the cursor now stands. */
  take(piece: Window, answer: Answer): Promise<number | null>;
  /** A single minute that holds more ids than a call may answer; like `take`. */
  takeCrowdedMinute(piece: Window): Promise<number | null>;
  /** Whether `now` is the org's own word; it is unless told. */
  isTimeKnown?(): boolean;
}

/** A window whose end turns out to be long past is followed by another, at most so often a cycle. */
const maxCatchUps = 3;

/**
 * Reads a window of `updated` or `deleted`, from `from` to one minute after the org's `now`, piece by piece, in
 * order. The end lies ahead because seconds are dropped: only that brings the current minute. EXCEEDED_ID_LIMIT
 * halves the piece, down to one minute; after a success it may grow again. Stops at the first piece that is not
 * fully covered, because what lies behind it would be read again anyway.
 */
export async function readWindow<Answer>(
  from: number,
  now: () => number,
  reader: WindowReader<Answer>,
): Promise<{ pieces: number; complete: boolean }> {
  let start = floorMinute(from);
  let last = floorMinute(now() + minuteMs);
  let span = last - start;
  let pieces = 0;
  let catchUps = 0;
  let isGuess = reader.isTimeKnown?.() === false;
  while (start < last) {
    const piece = { start, end: Math.min(start + span, last) };
    let covered: number | null;
    try {
      covered = await reader.take(piece, await reader.call(piece));
      span *= 2;
    } catch (error) {
      const current = floorMinute(now());
      if (isAppError(error, 'EXCEEDED_ID_LIMIT') && piece.end - piece.start > minuteMs) {
        span = Math.max(minuteMs, floorMinute((piece.end - piece.start) / 2));
        continue;
      }
      if (isAppError(error, 'EXCEEDED_ID_LIMIT')) {
        covered = await reader.takeCrowdedMinute(piece);
      } else if (isAppError(error, 'INVALID_REPLICATION_DATE') && piece.end > current) {
        // Some orgs refuse an end in the future; their current minute then waits for the next cycle.
        if (current <= piece.start) return { pieces, complete: true };
        last = current;
        span = last - start;
        continue;
      } else {
        throw error;
      }
    }
    pieces++;
    const fully = covered !== null && covered >= piece.end;
    if (!fully && piece.end < last) return { pieces, complete: false };
    start = piece.end;
    // The machine slept, or the pieces took long: the org's own answers have told a later time since.
    const later = floorMinute(now() + minuteMs);
    // A minute that turned meanwhile is the next cycle's. Behind a guess it may have been there all along.
    const leftToNextMs = isGuess ? 0 : minuteMs;
    if (start < last || later - last <= leftToNextMs || catchUps++ >= maxCatchUps) continue;
    isGuess = false;
    if (!fully) start = Math.max(piece.start, covered ?? 0);
    last = later;
    span = last - start;
  }
  return { pieces, complete: true };
}

/** The reach of the API, in days, from the documentation of Get Updated and Get Deleted. */
const reachDays = { updated: 30, deleted: 15 } as const;

/** Throws where a cursor is older than the API reaches back: what lies between cannot be known any more. */
export function assertWithinReach(kind: 'updated' | 'deleted', cursor: number, now: number): void {
  if (now - cursor <= reachDays[kind] * 86_400_000) return;
  throw outOfReach(
    `The last ${kind} contacts were read ${new Date(cursor).toISOString()}, and Salesforce tells them only for ${reachDays[kind]} days back.`,
  );
}

/** Asks from a cursor on. A start that Salesforce refuses is a cursor from before its list begins. */
export async function fromCursor<T>(
  kind: 'updated' | 'deleted',
  cursor: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error, 'INVALID_REPLICATION_DATE')) throw error;
    throw outOfReach(
      `Salesforce does not tell any more which contacts were ${kind} since ${new Date(cursor).toISOString()}: ${error.message}`,
      error,
    );
  }
}

export function outOfReach(message: string, cause?: unknown): AppError {
  return new AppError('CURSOR_OUT_OF_REACH', message, {
    hint: 'Changes in between cannot be asked for any more: `parahack-sync reconcile` compares all contacts with the org, as a watch does by itself.',
    cause,
  });
}
