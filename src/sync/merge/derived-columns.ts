import type { RowState } from './evidence.ts';

/** Columns that follow from what the record is, not from the page's cell. */
export const derivedColumns: ReadonlySet<string> = new Set(['Id', 'IsDeleted', 'MasterRecordId']);

/** So that a tombstone without values reads as one with them does; a purged row keeps nothing. */
export function isDeletedOf({ gone }: RowState): 0 | 1 | null {
  if (gone === 'purged') return null;
  return gone === 'deleted' || gone === 'merged' ? 1 : 0;
}
