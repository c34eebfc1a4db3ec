import type { Brake } from './ports/outbox-staging.ts';

/** How much is asked for and stored in one piece, and from where on another way is taken. */
export interface BatchSizes {
  /** Rows of a page in the order of a key; a span is worth splitting from four of them on. */
  readonly keyPageRows: number;
  /** Ids of one retrieve. */
  readonly retrieveRows: number;
  /** Above this many ids one bulk query costs fewer calls than retrieving them. */
  readonly bulkAboveIds: number;
  /** Above this many records a bulk job is the faster and thriftier way. */
  readonly bulkAboveRecords: number;
  /** At most about this many records a job, so that a lost job restarts little. */
  readonly bulkSpanRows: number;
  /** So many records stamped since a look are read by their ids. */
  readonly mostStampedIds: number;
  /** Rows of the mirror that the org is asked about between two transactions. */
  readonly rowsPerPass: number;
  /**
   * From so many waiting entries of one kind on an ingest job sends them: with a fifth of the calls, and its files name every row
   * whatever is cut. It is not the faster.
   */
  readonly ingestFromRows: number;
  /** At most so many rows a job: what is held of it in memory, and may be in doubt with it. */
  readonly ingestJobRows: number;
  /** Beyond these, all that waits counted, a person's word is awaited before changes go to the org. */
  readonly outgoingBrake: Brake;
}

export const usualSizes: BatchSizes = {
  // The most that a REST query page holds. Source: Query resource, `batchSize`.
  keyPageRows: 2_000,
  // The most that it takes. Source: sObject Collections, "Get records".
  retrieveRows: 2_000,
  bulkAboveIds: 20_000,
  bulkAboveRecords: 20_000,
  bulkSpanRows: 250_000,
  // Two pages of ids and what there may be behind them.
  mostStampedIds: 4_000,
  rowsPerPass: 2_000,
  ingestFromRows: 20_000,
  // Two batches of Salesforce's.
  ingestJobRows: 20_000,
  outgoingBrake: { deletes: 100, edits: 100, editsShare: 0.1 },
};
