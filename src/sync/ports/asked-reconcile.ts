import type { RunError } from './run.ts';

/** A reconcile that somebody has asked for of the process that holds the org's lease. */
export interface AskedReconcile {
  /** UUID. */
  id: string;
  /** Lifts the brake. */
  force: boolean;
  state: 'waiting' | 'under-way' | 'ended';
  /** Of one that has ended, where it came to a run. */
  runId: string | null;
  /** What it ended with; null where all was well. */
  error: RunError | null;
}
