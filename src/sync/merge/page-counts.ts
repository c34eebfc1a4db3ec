import type { RowState } from './evidence.ts';

/** What became of a page's rows. */
export interface PageCounts {
  inserted: number;
  updated: number;
  undeleted: number;
  buried: number;
}

/** Counts a row whose state went from `state` to `next`; `changes`: its values did too. New rows are `inserted`. */
export function countRow(counts: PageCounts, state: RowState, next: RowState, changes: boolean): void {
  const isNew = state.stamp === null && state.readAt === null && state.gone === null;
  if (isNew) return;
  const lifted = state.gone !== null && next.gone === null;
  if (changes || lifted) counts.updated++;
  if (lifted) counts.undeleted++;
  if (isBuriedAnew(state, next)) counts.buried++;
}

/** Whether it became a tombstone, or changed from one kind to another. */
export function isBuriedAnew(state: RowState, next: RowState): boolean {
  return next.gone !== null && next.gone !== state.gone;
}
