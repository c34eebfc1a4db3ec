/**
 * What is still to be done about a record that a sweep has found different. `missing`: the mirror lacks it. `stale`: the
 * org has it with another stamp, or live where the mirror has it gone. `reread`: it bears the same stamp, under which
 * another change may lie. `deleted`: the org calls it deleted and the mirror has it
 * live. `absent`: the mirror has it live and the sweep does not know it. `hidden`: sharing has hidden it before, and the
 * sweep does not know it either. `stated`: confirmed as deleted, of a run that changes nothing. `unknown`: asked for by
 * its Id, and the org does not know it.
 */
export type SweptDue =
  | 'missing'
  | 'stale'
  | 'reread'
  | 'deleted'
  | 'absent'
  | 'hidden'
  | 'stated'
  | 'unknown';

export interface SweptRow {
  id: string;
  /** When the mirror last read it live, ms since 1970; 0 where it never did. */
  readAt: number;
  /** The org's time when the answer that did not know it had arrived, ms; 0 where it was not asked. */
  evidenceAt: number;
}

/** What one record of a sweep has come to; `due` null: nothing is left to be done. */
export interface SweptMark {
  id: string;
  due: SweptDue | null;
  evidenceAt?: number;
}

/**
 * What a reconcile has read of all records and has still to do, one sweep at a time. It is written by the effects of
 * commits alone (`begin-sweep` and those that follow it).
 */
export interface Sweep {
  count(due: SweptDue): Promise<number>;
  /** In the order of their Ids: at most `limit` of those behind `after` ('' for the first). */
  due(due: SweptDue, page: { after: string; limit: number }): Promise<SweptRow[]>;
}
