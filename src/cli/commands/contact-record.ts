import type { ContactColumn, ContactRow } from '../../app/contract/contacts.ts';

/** A row as Salesforce's own JSON would have it: booleans as such, absent values null. */
export function contactObject(columns: readonly ContactColumn[], row: ContactRow): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, at) => [column.name, contactValue(column, row[at])]));
}

/** The mirror keeps booleans as 0 and 1. */
export function contactValue({ type }: ContactColumn, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return type === 'boolean' ? value === 1 || value === 1n || value === true : value;
}

/** The values as text; an absent one is empty. */
export function contactTexts(columns: readonly ContactColumn[], row: ContactRow): string[] {
  return columns.map((column, at) => String(contactValue(column, row[at]) ?? ''));
}

const summary = ['Id', 'Name', 'Email', 'Phone', 'LastModifiedDate', '_gone'];
const summaryWithoutName = ['Id', 'FirstName', 'LastName', 'Email', 'Phone', 'LastModifiedDate', '_gone'];

/** The few columns that tell contacts apart, where the mirror has them. */
export function summaryColumns(columns: readonly ContactColumn[]): { name: string; at: number }[] {
  const find = (name: string) => ({ name, at: columns.findIndex((column) => column.name === name) });
  const named = columns.some(({ name }) => name === 'Name') ? summary : summaryWithoutName;
  return named.map(find).filter(({ at }) => at >= 0);
}
