/** `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date, told against the answer's own `Date`. */
export function parseRetryAfter(header: string | null, date: string | null): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const until = Date.parse(header);
  const from = Date.parse(date ?? '');
  return Number.isNaN(until) || Number.isNaN(from) ? null : Math.max(0, until - from);
}
