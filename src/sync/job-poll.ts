import { backoffMs } from '../base/backoff.ts';

const firstPollMs = 500;
const usualPollMs = 30_000;
const slowestPollMs = 300_000;
/** Its end is told so much later at most, of the time that it took. */
const mostLate = 0.05;

/**
 * How long to wait before a bulk job is asked for again, ms: soon at first, then ever more rarely, for a job may run for hours
 * and each look is one of the day's requests. `attempt` counts from 0; `sinceMs`: how long it has been waited for.
 */
export function jobPollMs(attempt: number, sinceMs: number): number {
  const maxMs = Math.min(slowestPollMs, Math.max(usualPollMs, sinceMs * mostLate));
  return backoffMs(attempt, { baseMs: firstPollMs, maxMs });
}
