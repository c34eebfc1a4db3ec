/** Milliseconds since 1970 → `YYYY-MM-DDTHH:MM:SS.sssZ`; null stays null. */
export function isoTime(ms: number): string;
export function isoTime(ms: number | null): string | null;
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/**
 * Salesforce's `2026-01-31T12:00:00.000+0000`, bulk CSV's `…Z` and plain ISO 8601 → milliseconds since 1970,
 * or null where the text is no time.
 */
export function parseTime(text: string): number | null {
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? null : ms;
}
