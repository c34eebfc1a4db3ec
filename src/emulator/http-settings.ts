/** The settings that live on the HTTP side; the others are the org's own (OrgSettings). */
export interface HttpSettings {
  /** API requests in a rolling day. */
  dailyLimit: number;
  /** Requests under way at a time. */
  concurrentLimit: number;
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
  /** Whether the UI API honours Idempotency-Key. */
  idempotency: boolean;
  /** Whether If-Modified-Since and If-Unmodified-Since are honoured on Contact rows. */
  conditionalContact: boolean;
  /** The key under which DUPLICATES_DETECTED carries its result: both spellings are seen in the wild. */
  duplicateResultKey: 'duplicateResut' | 'duplicateResult';
  /** Whether answers are compressed for clients that accept it. */
  gzip: boolean;
}

export const defaultHttpSettings: HttpSettings = {
  dailyLimit: 100_000,
  concurrentLimit: 25,
  latencyMs: 0,
  maxPageRows: 2_000,
  cursorIdleMs: 15 * 60_000,
  bulkPageRows: 50_000,
  bulkJobMs: 0,
  bulkJobFailures: 0,
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
} as const satisfies Partial<Record<keyof HttpSettings, number>>;

export const booleanSettings = [
  'idempotency',
  'conditionalContact',
  'gzip',
] as const satisfies readonly (keyof HttpSettings)[];
