import { backoffOrToldMs } from '../base/backoff.ts';
import { isAppError } from '../base/errors.ts';
import { remoteDetails } from './remote-error.ts';

/** How a call failed: it never left, the org answered with an error, or no complete answer came. */
export type FailureStage = 'unsent' | 'refused' | 'lost';

/** No call is repeated more often, whatever fails. */
const mostRepeats = 5;

/** Longest Retry-After that is sat out within a call; past it the error goes up with `retryAfterMs`. */
const patienceMs = 60_000;

/**
 * How long to wait before repeating a read for the `repeat`-th time (0 first), or null where repeating would not
 * help or has been tried enough. The daily limit is never repeated.
 */
export function repeatAfterMs(
  error: unknown,
  stage: FailureStage,
  repeat: number,
  random: () => number = Math.random,
): number | null {
  if (repeat >= repeatsFor(error, stage)) return null;
  const told = remoteDetails(error)?.retryAfterMs ?? null;
  if (told !== null && told > patienceMs) return null;
  return backoffOrToldMs(repeat, told, { baseMs: 500, maxMs: 15_000, random });
}

/** Whether the org had too much to do at once: 503, 429 or the concurrent limit. */
export function isCrowded(error: unknown): boolean {
  const details = remoteDetails(error);
  return details?.status === 503 || details?.limit === 'concurrent';
}

function repeatsFor(error: unknown, stage: FailureStage): number {
  const details = remoteDetails(error);
  // Not the org's or the network's word but the session's or the gate's, which have patience of their own.
  if (details === null) return 0;
  if (details.clockLeapt) return mostRepeats;
  if (isAppError(error, 'NETWORK_UNREACHABLE')) {
    if (details.network === 'tls' || details.network === 'proxy') return 0;
    // A host that is not there must be said soon; a cut on the way usually heals.
    return stage === 'unsent' ? 3 : mostRepeats;
  }
  // Patience has already been spent once.
  if (isAppError(error, 'TIMEOUT')) return 1;
  if (details.ofRequest) return 2;
  if (isAppError(error, 'ORG_UNAVAILABLE')) return details.status === 420 ? 0 : mostRepeats;
  if (isAppError(error, 'REQUEST_LIMIT_EXCEEDED')) return details.limit === 'concurrent' ? mostRepeats : 0;
  if (isAppError(error, 'REFUSED_FOR_NOW')) return mostRepeats;
  if (isAppError(error, 'SALESFORCE_ERROR')) return details.status === 500 ? 2 : 0;
  return 0;
}
