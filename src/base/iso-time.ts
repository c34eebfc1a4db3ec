/** Milliseconds since 1970 → `YYYY-MM-DDTHH:MM:SS.sssZ`; null stays null. */
export function isoTime(ms: number): string;
export function isoTime(ms: number | null): string | null;
export function isoTime(ms: number | null): string | null {
  if (ms === null) return null;
  if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}

/** Thousands of records in a row have the same one, and making it takes a microsecond. */
let last = { ms: 0, text: '1970-01-01T00:00:00.000Z' };

/**
 * Salesforce's `2026-01-31T12:00:00.000+0000`, bulk CSV's `…Z` and plain ISO 8601 → milliseconds since 1970,
 * or null where the text is no time.
 */
export function parseTime(text: string): number | null {
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? null : ms;
}
