/** What has led to a reconcile. */
export type ReconcileCause =
  | 'asked'
  | 'scheduled'
  | 'out-of-reach'
  | 'clock-moved-back'
  | 'user-changed'
  | 'count-differs';

/** What a reconcile has found and done, in whichever processes. */
export interface ReconcileTotals {
  /**
   * Records whose Id and SystemModstamp were compared: those that live in the org, and besides those of its Recycle Bin that
   * the mirror still has as living. So it may be more than the org's count.
   */
  checked: number;
  missing: number;
  stale: number;
  /** Rows that Salesforce does not have any more, the held ones included. */
  ghosts: number;
  /** Ghosts that stay: they are many, and Salesforce does not say that they were deleted. */
  held: number;
  /** Of all these, what the mirror has now as the org does. */
  repaired: number;
  /** Rows whose formulas and other fields without a stamp had changed. */
  recalculated: number;
}

/** What one that has come to its end tells. */
export interface ReconcileEnd extends ReconcileTotals {
  cause: ReconcileCause;
  /** COUNT() of the org and live rows of the mirror, before. */
  compared: { org: number; mirror: number };
  durationMs: number;
  apiCalls: number;
  runId: string;
}
