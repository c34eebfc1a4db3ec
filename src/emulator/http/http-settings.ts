/** The settings that live on the HTTP side; the others are the org's own (OrgSettings). */
export interface HttpSettings {
  /** API requests in a rolling day. */
  dailyLimit: number;
  /** Requests under way at a time. */
  concurrentLimit: number;
  /** A request counts against the concurrent limit once it has run for so long; null: see `concurrentAfterMs()`. */
  concurrentAfterMs: number | null;
  /** Waited before each answer, half of it before the work and half after. */
  latencyMs: number;
  /** Query pages hold at most this many rows, as pages of wide rows do. */
  maxPageRows: number;
  /** An open cursor ends after this time without use. */
  cursorIdleMs: number;
  /** Rows of a bulk result page where the client names no `maxRecords`. */
  bulkPageRows: number;
  /** How long a bulk job takes, by the org's clock. */
  bulkJobMs: number;
  /** So many of the next query jobs end as Failed; counts down. */
  bulkJobFailures: number;
  /** Rows that ingest jobs may work off in a rolling day. */
  bulkDailyRows: number;
  /** So many further rows of a job that ends in progress are of a batch that is worked off all the same. */
  bulkRowsUnderWay: number;
  /** How long after the end of their job that is, by the org's clock. */
  bulkUnderWayMs: number;
  /** Batches of 10,000 rows that ingest jobs may take in a rolling day. */
  bulkDailyBatches: number;
  /** Whether the UI API honours Idempotency-Key. */
  idempotency: boolean;
  /** Whether If-Modified-Since and If-Unmodified-Since are honoured on Contact rows. */
  conditionalContact: boolean;
  /** The key under which DUPLICATES_DETECTED carries its result: both spellings are seen in the wild. */
  duplicateResultKey: 'duplicateResut' | 'duplicateResult';
  /** Whether answers are compressed for clients that accept it. */
  gzip: boolean;
}

/** "Concurrent API Request Limits": 25 in production orgs, for requests of 20 seconds or longer. */
const salesforceConcurrentLimit = 25;
const longRunningMs = 20_000;

/**
 * From when on a request counts against the concurrent limit. With Salesforce's own limit that is Salesforce's 20
 * seconds; any other limit was set for a rehearsal, where nobody wants to wait, and every request under way counts.
 */
export function concurrentAfterMs({ concurrentAfterMs: set, concurrentLimit }: HttpSettings): number {
  return set ?? (concurrentLimit === salesforceConcurrentLimit ? longRunningMs : 0);
}

export const defaultHttpSettings: HttpSettings = {
  dailyLimit: 100_000,
  concurrentLimit: salesforceConcurrentLimit,
  concurrentAfterMs: null,
  latencyMs: 0,
  maxPageRows: 2_000,
  cursorIdleMs: 15 * 60_000,
  bulkPageRows: 50_000,
  bulkJobMs: 0,
  bulkJobFailures: 0,
  bulkDailyRows: 150_000_000,
  bulkDailyBatches: 15_000,
  bulkRowsUnderWay: 0,
  bulkUnderWayMs: 60_000,
  idempotency: true,
  conditionalContact: true,
  duplicateResultKey: 'duplicateResut',
  gzip: true,
};

/** Settings that are counts or durations, with the least value each may have. */
export const numericSettings = {
  dailyLimit: 0,
  concurrentLimit: 1,
  latencyMs: 0,
  maxPageRows: 1,
  cursorIdleMs: 1,
  bulkPageRows: 1,
  bulkJobMs: 0,
  bulkJobFailures: 0,
  bulkDailyRows: 0,
  bulkDailyBatches: 0,
  bulkRowsUnderWay: 0,
  bulkUnderWayMs: 0,
} as const satisfies {
  readonly [K in keyof HttpSettings as HttpSettings[K] extends number ? K : never]: number;
};

export const booleanSettings = [
  'idempotency',
  'conditionalContact',
  'gzip',
] as const satisfies readonly (keyof HttpSettings)[];
