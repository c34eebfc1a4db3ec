import type { Field } from '../../sync/ports/field.ts';

/** How a cell's bytes become a stored value: the storage formats are part of the command line's contract. */
export type CellKind = 'text' | 'boolean' | 'datetime' | 'date' | 'id';

export function cellKind({ name, type }: Pick<Field, 'name' | 'type'>): CellKind {
  if (name === 'Id') return 'id';
  return type === 'boolean' || type === 'datetime' || type === 'date' ? type : 'text';
}
