import type { DifferingIds } from './differing-ids.ts';
import type { RunError } from './run.ts';

/** A reconcile that somebody has asked for of the process that holds the org's lease. */
export interface AskedReconcile {
  /** UUID. */
  id: string;
  /** Lifts the brake. */
  force: boolean;
  /** Only tells. */
  dryRun: boolean;
  state: 'waiting' | 'under-way' | 'ended';
  /** Of one that has ended, where it came to a run. */
  runId: string | null;
  /** What one that only tells has found, where it came to that. */
  ids: DifferingIds | null;
  /** Of an older one that lay interrupted, and was brought to its end before the whole was compared. */
  formerRunId: string | null;
  /** What it ended with; null where all was well. */
  error: AskedError | null;
}

/** With what an error of its code says besides, where that is known. */
export interface AskedError extends RunError {
  details?: unknown;
}

/** What is asked for. */
export type Asking = Pick<AskedReconcile, 'id' | 'force' | 'dryRun'>;
