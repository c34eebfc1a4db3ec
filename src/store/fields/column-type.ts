import type { Field } from '../../sync/ports/field.ts';

/** The form a field's values are kept in (the storage formats are part of the command line's contract). */
export type ColumnType = 'TEXT' | 'INTEGER' | 'REAL';

const integerTypes = new Set(['boolean', 'int', 'long']);
const realTypes = new Set(['double', 'currency', 'percent']);

export function columnTypeOf(field: Pick<Field, 'type'>): ColumnType {
  if (integerTypes.has(field.type)) return 'INTEGER';
  return realTypes.has(field.type) ? 'REAL' : 'TEXT';
}
