import { contactValue } from '../../contract/contact-object.ts';
import type { ContactColumn, ContactRow } from '../../contract/contacts.ts';

/** The values as text; an absent one is empty. */
export function contactTexts(columns: readonly ContactColumn[], row: ContactRow): string[] {
  return columns.map((column, at) => String(contactValue(column, row[at]) ?? ''));
}

const summary = ['Id', 'Name', 'Email', 'Phone', 'LastModifiedDate', '_gone'];
const summaryWithoutName = ['Id', 'FirstName', 'LastName', 'Email', 'Phone', 'LastModifiedDate', '_gone'];

/** The few columns that tell contacts apart, where the mirror has them; `textOf` gives one of them of a row's texts. */
export function summaryColumns(
  columns: readonly ContactColumn[],
): { name: string; textOf: (texts: readonly string[]) => string }[] {
  const places = new Map(columns.map(({ name }, at) => [name, at]));
  const textOf = (name: string, texts: readonly string[]) => texts[places.get(name) ?? -1] ?? '';
  return (places.has('Name') ? summary : summaryWithoutName)
    .filter((name) => places.has(name))
    .map((name) => ({
      name,
      textOf: (texts) =>
        name === 'Name'
          ? nameOf(
              textOf('Name', texts),
              ['FirstName', 'LastName'].map((part) => textOf(part, texts)),
            )
          : textOf(name, texts),
    }));
}

/** Salesforce makes the name of the others: until it has read a new contact or an edit, they say more than it does. */
function nameOf(name: string, parts: readonly string[]): string {
  return parts.every((part) => name.includes(part)) ? name : parts.filter((part) => part !== '').join(' ');
}
