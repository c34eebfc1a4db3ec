import { quoteName } from './contact-schema.ts';

const textFields = new Set(['FirstName', 'LastName', 'Name', 'Email']);

export interface SearchField {
  name: string;
  isPhone: boolean;
}

/** The columns that `contacts search` looks into. */
export function searchFields(columns: readonly { name: string; type: string }[]): SearchField[] {
  return columns
    .filter(({ name, type }) => textFields.has(name) || type === 'email' || type === 'phone')
    .map(({ name, type }) => ({ name, isPhone: type === 'phone' }));
}

/** What people write between a phone number's digits. */
const phoneMarks = [' ', '(', ')', '-', '.', '/', '+'];

/** SQL: the column without what people write between digits. */
export function bareNumber(column: string): string {
  return phoneMarks.reduce((bare, mark) => `replace(${bare}, '${mark}', '')`, quoteName(column));
}

/** The same of a text. */
export function bareText(text: string): string {
  return phoneMarks.reduce((bare, mark) => bare.replaceAll(mark, ''), text);
}

/** The WHERE of `contacts search`: names and e-mail contain the text, or a phone number its digits. */
export function searchCondition(
  text: string,
  fields: readonly SearchField[],
): { sql: string; parameters: string[] } {
  const conditions: string[] = [];
  const parameters: string[] = [];
  for (const { name, isPhone } of fields) {
    for (const spelling of spellings(text)) {
      conditions.push(`${quoteName(name)} LIKE ? ESCAPE '\\'`);
      parameters.push(`%${spelling.replace(/[\\%_]/g, '\\$&')}%`);
    }
    const digits = isPhone ? numberIn(text) : null;
    if (digits !== null) {
      conditions.push(`${bareNumber(name)} LIKE ?`);
      parameters.push(`%${digits}%`);
    }
  }
  return conditions.length === 0
    ? { sql: 'false', parameters }
    : { sql: `(${conditions.join(' OR ')})`, parameters };
}

/** The digits of a text that is written as a phone number is, and long enough for one. */
export function numberIn(text: string): string | null {
  const digits = text.replace(/\D/g, '');
  return digits.length >= 4 && /^[\d\s()+./-]+$/.test(text) ? digits : null;
}

/** LIKE ignores the case of ASCII letters only, so others are tried as people write them. */
export function spellings(text: string): Set<string> {
  const lower = text.toLowerCase();
  if (/^[ -~]*$/.test(text)) return new Set([text]);
  return new Set([
    text,
    lower,
    text.toUpperCase(),
    lower.replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()),
  ]);
}
