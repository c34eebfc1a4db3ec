/**
 * One answer's rows as they came off the wire. The thread that talks to the network neither parses nor
 * keeps them: `blocks` (1 MB at most, each the sole owner of its ArrayBuffer, so that it can be
 * transferred) go to a writer thread, which parses and inserts.
 */
export interface PageBody {
  /**
   * `csv`: a bulk result page with its header line; `query`: a REST query answer
   * (`{totalSize,done,records}`); `collection`: an sObject Collections retrieve answer (an array with
   * `null` for each id that is not there).
   */
  format: 'csv' | 'query' | 'collection';
  /** The fields asked for. CSV names its columns itself; in JSON a field that is absent counts as null. */
  fields: readonly string[];
  /**
   * The org's time when the request was sent, ms since 1970. For a bulk page that is when its job was asked for:
   * its rows are as old as the job, and fetched late they must not look newer than a delete in between.
   */
  readAt: number;
  /** How many rows the answer's headers (or the request, for `collection`) say it holds; null: not said. */
  expectedRows: number | null;
  /** For `query`: a page of more rows is refused, for so many at most were asked for. */
  mostRows?: number;
  /** For `collection`: the Ids asked for, in order; a page with another in the place of one is refused. */
  ids?: readonly string[];
  /**
   * The page holds Id, SystemModstamp and some columns only (a new field is being filled in). It sets those
   * columns on live rows whose stored stamp is the page's (a row that has changed since is read in full by
   * the next cycle), touches neither their stamp nor their read time, and inserts nothing.
   */
  partial?: boolean;
  /**
   * The org's time when the answer had arrived, asked after the last block. Matters only where rows may say
   * IsDeleted; without it, the time that `apply` took is added to `readAt`.
   */
  answeredAt?: () => number;
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** What one page did to the mirror. `rows = inserted + updated + unchanged + absent`. */
export interface PageOutcome {
  rows: number;
  inserted: number;
  /** Rows whose stored values changed, those that came back from deletion included. */
  updated: number;
  /** Rows that the mirror already had, or had newer. */
  unchanged: number;
  /** Among `updated`: rows whose tombstone was lifted. */
  undeleted: number;
  /** `null` items of a collection answer: gone or hidden since their id was named. */
  absent: number;
  /** For `query` pages: whether the answer was the last of its query. True for other formats. */
  done: boolean;
  /** For `query` pages: the answer's totalSize, else null. */
  totalSize: number | null;
  /** CreatedDate (ISO, ms, Z) and Id of the last row, null for an empty page or where not asked for. */
  lastKey: PageKey | null;
}

export interface PageKey {
  createdDate: string;
  id: string;
}

/** What became of a record that Salesforce no longer shows as live. */
export type Gone = 'deleted' | 'merged' | 'purged' | 'hidden';

export interface Tombstone {
  id: string;
  gone: Gone;
  masterRecordId: string | null;
  /** ISO, ms, Z; null where the evidence has no stamp (purged, hidden). */
  systemModstamp: string | null;
  /** The org's time when the answer that proves it had arrived, ms since 1970. */
  evidenceAt: number;
}
