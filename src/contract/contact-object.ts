import type { ContactColumn, ContactRow } from './contacts.ts';

/** A row as Salesforce's own JSON would have it: booleans as such, absent values null. */
export function contactObject(columns: readonly ContactColumn[], row: ContactRow): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, at) => [column.name, contactValue(column, row[at])]));
}

/** The mirror keeps booleans as 0 and 1. */
export function contactValue({ type }: ContactColumn, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return type === 'boolean' ? value === 1 || value === 1n || value === true : value;
}
