/** No wait of more than a day is taken from an answer. */
const longestMs = 86_400_000;

/** `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date, told against the answer's own `Date`. */
export function parseRetryAfter(header: string | null, date: string | null): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Math.min(Number(header) * 1_000, longestMs);
  const until = Date.parse(header);
  const from = Date.parse(date ?? '');
  return Number.isNaN(until) || Number.isNaN(from) ? null : Math.min(Math.max(0, until - from), longestMs);
}
