import { AppError, isAppError } from '../base/errors.ts';
import { floorMinute, minuteMs } from './minute.ts';
import type { Window } from './ports/remote.ts';

export interface WindowReader<Answer> {
  /** `updated` or `deleted`. */
  call(window: Window): Promise<Answer>;
  /** Stores what the answer says of this piece and answers up to where the cursor now stands. */
  take(piece: Window, answer: Answer): Promise<number | null>;
  /** A single minute that holds more ids than a call may answer; like `take`. */
  takeCrowdedMinute(piece: Window): Promise<number | null>;
}

/**
 * Reads a window of `updated` or `deleted` piece by piece, in order. EXCEEDED_ID_LIMIT halves the piece,
 * down to one minute; after a success it may grow again. Stops at the first piece that is not fully covered,
 * because what lies behind it would be read again anyway.
 */
export async function readWindow<Answer>(
  window: Window,
  now: number,
  reader: WindowReader<Answer>,
): Promise<{ pieces: number; complete: boolean }> {
  const first = floorMinute(window.start);
  let last = floorMinute(window.end);
  let start = first;
  let span = last - first;
  let pieces = 0;
  while (start < last) {
    const piece = { start, end: Math.min(start + span, last) };
    let answer: Answer;
    try {
      answer = await reader.call(piece);
    } catch (error) {
      if (isAppError(error, 'EXCEEDED_ID_LIMIT')) {
        if (piece.end - piece.start > minuteMs) {
          span = Math.max(minuteMs, floorMinute((piece.end - piece.start) / 2));
          continue;
        }
        const covered = await reader.takeCrowdedMinute(piece);
        pieces++;
        if (covered === null || covered < piece.end) return { pieces, complete: piece.end >= last };
        start = piece.end;
        continue;
      }
      // Some orgs refuse an end in the future; their current minute then waits for the next cycle.
      if (
        isAppError(error, 'INVALID_REPLICATION_DATE') &&
        piece.end > now &&
        floorMinute(now) > piece.start
      ) {
        last = floorMinute(now);
        continue;
      }
      throw error;
    }
    const covered = await reader.take(piece, answer);
    pieces++;
    if (piece.end < last && (covered === null || covered < piece.end)) return { pieces, complete: false };
    start = piece.end;
    span = Math.min(span * 2, last - start);
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

export function outOfReach(message: string, cause?: unknown): AppError {
  return new AppError('CURSOR_OUT_OF_REACH', message, {
    hint: 'Changes in between cannot be asked for any more: run `parahack-sync backfill --fresh` for this org.',
    cause,
  });
}
