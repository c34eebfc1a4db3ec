import type { ColumnType, Field } from '../../sync/ports/field.ts';

const integerTypes = new Set(['boolean', 'int', 'long']);
const realTypes = new Set(['double', 'currency', 'percent']);

export function columnTypeOf(field: Pick<Field, 'type'>): ColumnType {
  if (integerTypes.has(field.type)) return 'INTEGER';
  return realTypes.has(field.type) ? 'REAL' : 'TEXT';
}
