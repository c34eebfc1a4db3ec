import { upTo } from '../base/backoff.ts';
import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { isAppError } from '../base/errors.ts';
import { retry } from '../base/retry.ts';

/** A blink of the login host is over within these; what lasts is told while somebody still waits. */
const mostRepeats = 3;
const backoff = { baseMs: 500, maxMs: 4_000 };
const cuts: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'EAI_AGAIN']);

/**
 * Asks a login host again after a 5xx, a cut connection, or a 2xx with a page or half an answer in it, as calls of the API are: else one of them would fail a
 * whole cycle. Only for what may be asked twice, which a code of a browser login may not. `signal` ends the waits.
 */
export function repeatPassing<T>(
  ask: () => Promise<T>,
  { clock, signal }: { clock: Clock; signal?: AbortSignal },
): Promise<T> {
  return retry(ask, { clock, signal, waitMs: upTo(mostRepeats, backoff, passes) });
}

function passes(error: unknown): boolean {
  if (isAppError(error, 'ORG_UNAVAILABLE')) {
    const { status } = callDetailsOf(error);
    return typeof status === 'number' && (status >= 500 || (status >= 200 && status < 300));
  }
  if (!isAppError(error, 'NETWORK_UNREACHABLE')) return false;
  return cuts.has(callDetailsOf(error).systemCode);
}
