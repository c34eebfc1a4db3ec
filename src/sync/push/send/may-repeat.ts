import { backoffMs } from '../../../base/backoff.ts';
import { callDetailsOf } from '../../../base/call-details.ts';
import { isAppError } from '../../../base/errors.ts';
import type { OutboxEntry, SendWay } from '../../ports/outbox-entry.ts';
import { isRepeatable } from '../plan/plan-requests.ts';
import type { Standing } from './store-answer.ts';

/** Longest wait that the org may ask for within a drain; past it the entries wait for the next one. */
const longestRetryAfterMs = 30_000;

/** Whether what was not taken, or whose answer never came, may go out once more within a drain. */
export function mayRepeat(standing: Standing | undefined, way: SendWay, attempt: number): boolean {
  const { outcome, entry } = standing ?? {};
  if (outcome?.kind === 'unknown') {
    // Minutes have been spent on an answer that did not come; once more is enough.
    if (isAppError(outcome.error, 'TIMEOUT') && attempt > 0) return false;
    return isRepeatable({ op: entry!.op, way });
  }
  return outcome?.kind === 'not-done' && passesSoon(outcome.error);
}

/** Whether it is worth waiting for within a drain: not a limit of the day, a login or a wrong host name. */
function passesSoon(error: Error): boolean {
  if (isAppError(error, 'REFUSED_FOR_NOW', 'ORG_UNAVAILABLE')) return true;
  const { limit, network } = callDetailsOf(error);
  if (isAppError(error, 'REQUEST_LIMIT_EXCEEDED')) return limit === 'concurrent';
  return isAppError(error, 'NETWORK_UNREACHABLE') && network === 'unreachable';
}

/** How long to wait before a repeat; infinite where the org asks for more than a drain waits. */
export function waitMs(
  entries: readonly OutboxEntry[],
  standings: ReadonlyMap<string, Standing>,
  attempt: number,
): number {
  const told = entries.map(({ key }) => {
    const outcome = standings.get(key)?.outcome;
    const { retryAfterMs } = outcome !== undefined && 'error' in outcome ? callDetailsOf(outcome.error) : {};
    return typeof retryAfterMs === 'number' ? retryAfterMs : 0;
  });
  const longest = Math.max(0, ...told);
  if (longest > longestRetryAfterMs) return Number.POSITIVE_INFINITY;
  return longest + backoffMs(attempt, { baseMs: 500, maxMs: 8_000 });
}
