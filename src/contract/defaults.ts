/** What surfaces take where nothing is asked for, and between which bounds. */
export const defaults = {
  /** How long a browser login waits. */
  browserTimeoutMs: 300_000,
  /** Between two cycles of an org. */
  watchIntervalMs: 300_000,
  /** Between two comparisons of a whole mirror with its org. */
  reconcileEveryMs: 7 * 86_400_000,
  contacts: 50,
  outboxEntries: 100,
  runs: 20,
  /** Archived mirrors of each org that stay. */
  keptArchives: 1,
} as const;

export const bounds = {
  browserTimeoutMs: [1_000, 86_400_000],
  watchIntervalMs: [30_000, 86_400_000],
  reconcileEveryMs: [3_600_000, 365 * 86_400_000],
  /** Requests at a time of a backfill. */
  concurrency: [1, 100],
  contacts: [1, 1_000_000],
  outboxEntries: [1, 1_000_000],
  runs: [1, 100_000],
  keptArchives: [0, 100_000],
} as const;
