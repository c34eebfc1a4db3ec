/** No wait of more than a day is taken from an answer. */
const longestMs = 86_400_000;

/**
 * `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date. That one is told against the answer's own `Date`, and where
 * there is none against this machine's clock, `now`.
 */
export function parseRetryAfter(header: string | null, date: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Math.min(Number(header) * 1_000, longestMs);
  // Date.parse takes `-5` and `1.5` for dates of long ago, which would mean at once.
  if (!/^\s*[a-z]{3}/i.test(header)) return null;
  const until = Date.parse(header);
  const told = Date.parse(date ?? '');
  const from = Number.isNaN(told) ? now : told;
  return Number.isNaN(until) ? null : Math.min(Math.max(0, until - from), longestMs);
}
