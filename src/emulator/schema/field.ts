import type { FieldDocument } from './describe-document.ts';

/** How a field is kept: a column of that affinity, computed by a formula, or put together from other fields. */
export type FieldStorage = 'TEXT' | 'INTEGER' | 'REAL' | 'formula' | 'compound';

/** A value as a column keeps it. */
export type SqlValue = string | number | null;

/** A field as the org works with it: its describe document and how it is kept. */
export interface Field {
  readonly document: FieldDocument;
  readonly name: string;
  readonly type: string;
  readonly storage: FieldStorage;
  /** For `compound`: the fields that carry its name as `compoundFieldName`. */
  readonly parts: Field[];
}

const REALS = new Set(['double', 'currency', 'percent']);

function storageOf(document: FieldDocument): FieldStorage {
  if (document.type === 'address' || document.type === 'location') return 'compound';
  if (document.calculated) return 'formula';
  if (document.type === 'boolean' || document.type === 'int') return 'INTEGER';
  return REALS.has(document.type) ? 'REAL' : 'TEXT';
}

export function createField(document: FieldDocument): Field {
  return { document, name: document.name, type: document.type, storage: storageOf(document), parts: [] };
}

export function isColumn(field: Field): boolean {
  return field.storage !== 'formula' && field.storage !== 'compound';
}

export function quoted(name: string): string {
  return `"${name}"`;
}

/** Whether comparisons of this field ignore case: all text but ids, dates and what says `caseSensitive`. */
export function isCaseless(field: Field): boolean {
  const exact = ['id', 'reference', 'date', 'datetime', 'time'].includes(field.type);
  return !exact && !field.document.caseSensitive;
}
