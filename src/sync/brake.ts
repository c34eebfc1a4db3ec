/** So few rows are believed to be gone without a further word. */
const believedRows = 100;
const believedShare = 0.1;

/**
 * Whether so many of the `live` rows of a mirror are missing that it is not believed: Salesforce has not stated that
 * they are deleted, and a lost permission looks the same. Pure.
 */
export function isUnbelievable(missing: number, live: number): boolean {
  if (missing === 0) return false;
  return missing >= live || (missing > believedRows && missing > live * believedShare);
}
