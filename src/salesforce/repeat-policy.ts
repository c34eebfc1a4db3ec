import { backoffOrToldMs } from '../base/backoff.ts';
import { isAppError } from '../base/errors.ts';
import { remoteDetails } from './remote-error.ts';

/** How a call failed: it never left, the org answered with an error, or no complete answer came. */
export type FailureStage = 'unsent' | 'refused' | 'lost';

/** No call is repeated more often, whatever fails. */
const mostRepeats = 5;

/** Longest Retry-After that is sat out within a call; past it the error goes up with `retryAfterMs`. */
export const patienceMs = 60_000;

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

interface Treatment {
  /** How often a read is repeated within its call, with backoff, or as long apart as Retry-After says. */
  repeats: number;
  /** Fewer requests at once may get through: the limit of a first copy falls. */
  isCrowded: boolean;
}

/**
 * What is done about an org that refuses for its limits or its state, each by its kind. What is not repeated, or in vain, ends
 * the work with an error that carries `retryAfterMs`, and a watch comes back no earlier.
 */
const treatments = {
  /** 403 REQUEST_LIMIT_EXCEEDED, TotalRequests: hours away, and every further request may count. */
  daily: { repeats: 0, isCrowded: false },
  /** The same code where the usage header shows the quota of the client app used up. */
  app: { repeats: 0, isCrowded: false },
  /** Limits of storage, of jobs and the like: somebody makes room. */
  other: { repeats: 0, isCrowded: false },
  /** ConcurrentRequests, ConcurrentPerOrgLongTxn, and any 429: a moment away. */
  concurrent: { repeats: mostRepeats, isCrowded: true },
  /** 503, with and without SERVER_UNAVAILABLE or a page for people. */
  overloaded: { repeats: mostRepeats, isCrowded: true },
  /** Maintenance: 502, 504, a page for people in place of an answer. */
  unavailable: { repeats: mostRepeats, isCrowded: false },
  /** 420: a scratch org that has expired. */
  gone: { repeats: 0, isCrowded: false },
} as const satisfies Record<string, Treatment>;

function treatmentOf(error: unknown): Treatment | null {
  const details = remoteDetails(error);
  if (details === null) return null;
  if (isAppError(error, 'REQUEST_LIMIT_EXCEEDED')) return treatments[details.limit ?? 'other'];
  if (isAppError(error, 'ORG_UNAVAILABLE') && !details.ofRequest) {
    if (details.status === 420) return treatments.gone;
    return details.status === 503 ? treatments.overloaded : treatments.unavailable;
  }
  return isAppError(error, 'REFUSED_FOR_NOW') && details.status === 503 ? treatments.overloaded : null;
}

/** Whether the org had too much to do at once: 503, 429 or the concurrent limit. */
export function isCrowded(error: unknown): boolean {
  return treatmentOf(error)?.isCrowded ?? false;
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
  const treatment = treatmentOf(error);
  if (treatment !== null) return treatment.repeats;
  if (isAppError(error, 'REFUSED_FOR_NOW')) return mostRepeats;
  if (isAppError(error, 'SALESFORCE_ERROR')) return details.status === 500 ? 2 : 0;
  return 0;
}
