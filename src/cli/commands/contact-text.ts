import { contactValue } from '../../contract/contact-object.ts';
import type { ContactColumn, ContactRow } from '../../contract/contacts.ts';

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
