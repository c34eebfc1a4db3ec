import { backoffMs } from '../base/backoff.ts';
import { askedRestMs, callDetailsOf } from '../base/call-details.ts';
import { isAppError } from '../base/errors.ts';
import { failsReadingAlone } from '../sync/fails-reading-alone.ts';
import { type CallsAhead, stretchedIntervalMs } from './stretched-interval.ts';

const longestBackoffMs = 3_600_000;
/** Where no request reaches the org: asking again costs it nothing, and a network comes back without notice. */
const longestUnreachedMs = 120_000;

/** How a turn of an org, a cycle or a first copy with its cycle, has ended. */
export interface TurnOutcome {
  /** Null where it was good. */
  error: unknown;
  /** How long it took, by the monotonic clock. */
  tookMs: number;
  /** Turns that failed in a row before this one. */
  failures: number;
  /** Null where it is not known. */
  callsAhead?: CallsAhead | null;
}

/** What follows a turn: when the next one is due, and what there is to tell. */
export type NextTurn =
  /** `stretchedMs`: the interval where it is a longer one than was asked for, else null. */
  | { kind: 'due'; inMs: number; failures: 0; recoveredAfter: number; stretchedMs: number | null }
  /** Another process has the org. It counts as no failure of the org. */
  | { kind: 'skipped'; inMs: number; failures: number }
  /** `pushes`: what waits to be sent may go meanwhile. */
  | { kind: 'failed'; inMs: number; failures: number; pushes: boolean }
  /** It asks for a login. Where its grant is not over, it is tried again after so long. */
  | { kind: 'until-login'; inMs: number; failures: number };

/**
 * The timetable of an org, decided from what its last turn has come to: the interval counts from the beginning of a
 * good turn; a failing org is left alone for longer each time, up to eight intervals or an hour, and at least as long
 * as it asks for itself. One that no request reaches is tried at least every two minutes, or at its interval where that is
 * longer. An interval at which this tool's share of the org's calls would not last is stretched.
 */
export function nextTurn(
  { error, tookMs, failures, callsAhead = null }: TurnOutcome,
  { intervalMs, random }: { intervalMs: number; random: () => number },
): NextTurn {
  const lastingMs = stretchedIntervalMs(intervalMs, callsAhead);
  const stretchedMs = lastingMs > intervalMs ? lastingMs : null;
  if (error === null) {
    // A stretched one counts from now, from when the calls were counted.
    const inMs = stretchedMs ?? Math.max(0, intervalMs - tookMs);
    return { kind: 'due', inMs, failures: 0, recoveredAfter: failures, stretchedMs };
  }
  if (isAppError(error, 'ORG_BUSY')) return { kind: 'skipped', inMs: intervalMs, failures };
  const longestMs = isUnreached(error) ? longestUnreachedMs : longestBackoffMs;
  const maxMs = Math.max(intervalMs, Math.min(intervalMs * 8, longestMs));
  const backoff = backoffMs(failures, { baseMs: intervalMs, maxMs, random });
  const inMs = Math.max(backoff, askedRestMs(error), stretchedMs ?? 0);
  if (isAppError(error, 'LOGIN_REQUIRED')) return { kind: 'until-login', inMs, failures: failures + 1 };
  return { kind: 'failed', inMs, failures: failures + 1, pushes: failsReadingAlone(error) };
}

/** Without a connection; one that was cut may have been the org's own doing. */
function isUnreached(error: unknown): boolean {
  const { network } = callDetailsOf(error);
  return isAppError(error, 'NETWORK_UNREACHABLE', 'TIMEOUT') && network !== undefined && network !== 'cut';
}
