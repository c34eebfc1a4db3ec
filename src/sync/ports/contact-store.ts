import type { Gone } from './page.ts';

export interface ContactCounts {
  /** Live rows. */
  contacts: number;
  /** Tombstones of every kind. */
  deleted: number;
}

export interface ContactState {
  gone: Gone | null;
  /** SystemModstamp (ISO) of its values, or where it has none of its deletion. */
  stamp: string | null;
  /** SystemModstamp (ISO) of the newest deletion that is known; null where none is. */
  deletedStamp: string | null;
}

export interface ReadBefore {
  rows: { id: string; readAt: number }[];
  /** What the next page is `after`; null where this was the last. */
  next: number | null;
}

/** What a mirror knows of its contacts. They come in by `Mirror.commit` alone. */
export interface ContactStore {
  counts(): Promise<ContactCounts>;
  /** What the mirror knows of each of `ids`; an id it has never seen is absent. */
  states(ids: readonly string[]): Promise<Map<string, ContactState>>;
  /**
   * Live contacts by a unique field's values, by value as given; letters' case does not count. Empty where the field
   * is no column. The first call for a field makes its index.
   */
  idsBy(field: string, values: readonly string[]): Promise<Map<string, string>>;
  /**
   * What live contacts have in a field of text or numbers, by Id; those without a value are absent. Empty where the field
   * is no column.
   */
  valuesOf(field: string, ids: readonly string[]): Promise<Map<string, string | number>>;
  /**
   * Live rows that were last read before `before` (ms since 1970), in the order in which they lie in the store: at most
   * `limit` of those behind `after` (0 for the first). Looks at every row.
   */
  readBefore(before: number, page: { after: number; limit: number }): Promise<ReadBefore>;
  /** Those of `ids` that no read has seen live since `since` (ms since 1970), ids it has never seen included; in order. */
  notReadSince(ids: readonly string[], since: number): Promise<string[]>;
  /**
   * Ids of live rows that are none of the object with this prefix, as another program may have written there: at most 100, in
   * order. Looks at every row.
   */
  strayIds(prefix: string): Promise<string[]>;
  /** The largest read or evidence time stored (the org's time, ms); undefined in an empty mirror. Cheap. */
  latestReadAt(): Promise<number | undefined>;
  /** Creates what lookups need beyond the primary key; called once the first full copy is in. */
  ensureIndices(): Promise<void>;
}
