import { backoffMs } from '../base/backoff.ts';
import { callDetailsOf } from '../base/call-details.ts';
import { isAppError } from '../base/errors.ts';

const longestBackoffMs = 3_600_000;
/** However long an org asks to be left alone. */
const longestRetryAfterMs = 86_400_000;

/** How a turn of an org, a cycle or a first copy with its cycle, has ended. */
export interface TurnOutcome {
  /** Null where it was good. */
  error: unknown;
  /** How long it took, by the monotonic clock. */
  tookMs: number;
  /** Turns that failed in a row before this one. */
  failures: number;
}

/** What follows a turn: when the next one is due, and what there is to tell. */
export type NextTurn =
  | { kind: 'due'; inMs: number; failures: 0; recoveredAfter: number }
  /** Another process has the org. It counts as no failure of the org. */
  | { kind: 'skipped'; inMs: number; failures: number }
  | { kind: 'failed'; inMs: number; failures: number }
  /** Its grant is gone: nothing is asked before the next login. */
  | { kind: 'until-login'; failures: number };

/**
 * The timetable of an org, decided from what its last turn has come to: the interval counts from the beginning of a
 * good turn; a failing org is left alone for longer each time, up to eight intervals or an hour, and at least as long
 * as it asks for itself.
 */
export function nextTurn(
  { error, tookMs, failures }: TurnOutcome,
  { intervalMs, random }: { intervalMs: number; random: () => number },
): NextTurn {
  if (error === null) {
    return { kind: 'due', inMs: Math.max(0, intervalMs - tookMs), failures: 0, recoveredAfter: failures };
  }
  if (isAppError(error, 'ORG_BUSY')) return { kind: 'skipped', inMs: intervalMs, failures };
  if (isAppError(error, 'LOGIN_REQUIRED')) return { kind: 'until-login', failures };
  const maxMs = Math.max(intervalMs, Math.min(intervalMs * 8, longestBackoffMs));
  const backoff = backoffMs(failures, { baseMs: intervalMs, maxMs, random });
  const asked = Math.min(callDetailsOf(error).retryAfterMs ?? 0, longestRetryAfterMs);
  return { kind: 'failed', inMs: Math.max(backoff, asked), failures: failures + 1 };
}
