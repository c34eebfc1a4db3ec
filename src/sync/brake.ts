/** So few rows are believed to be gone without a further word. */
const believedRows = 100;
const believedShare = 0.1;

/** Live rows of a mirror. */
export interface LiveRows {
  /** Before any of those that are missing was settled. */
  before: number;
  /** Without those that Salesforce states to be deleted. */
  remaining: number;
}

/**
 * Whether so many rows of a mirror are missing that it is not believed: Salesforce has not stated that they are deleted,
 * and a lost permission looks the same. All that remain are never believed, however many others are stated. Pure.
 */
export function isUnbelievable(missing: number, { before, remaining }: LiveRows): boolean {
  if (missing === 0) return false;
  return missing >= remaining || (missing > believedRows && missing > before * believedShare);
}
