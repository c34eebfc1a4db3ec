import type { RunFilter } from './ports/run.ts';

/**
 * The runs that say how a mirror stands, each the newest of its filter: what looks for them and what forgets old runs
 * must mean the same, or what they say is lost while it still holds.
 */
export const lastRuns = {
  backfill: { kind: 'backfill' },
  /** A fill of new columns is recorded as a backfill too, and reads no other. */
  copy: { kind: 'backfill', status: 'complete', unless: 'fill' },
  cycle: { kind: 'cycle' },
  /** A dry run says what would be and leaves the mirror as it is. */
  reconcile: { kind: 'reconcile', status: 'complete', unless: 'dryRun' },
} as const satisfies Record<string, RunFilter>;
