/** What a column lacks of the org's values; the greater is the worse. 0 where all rows have them. */
export const unfilled = {
  /** A new column: null where a row has not been read since. */
  empty: 1,
  /** It has vanished and returned, or is of another type: old values where a row has not been read since. */
  old: 2,
  /** `--fields` left it out: old values in all rows until they are read anew. */
  leftOut: 3,
} as const;
