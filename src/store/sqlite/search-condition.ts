import { numberIn, phoneMarks } from '../fields/phone-text.ts';
import type { SearchField } from '../fields/search-fields.ts';
import { quoteName } from './quote-name.ts';

/** SQL: the column without what people write between digits. */
export function bareNumber(column: string): string {
  return phoneMarks.reduce((bare, mark) => `replace(${bare}, '${mark}', '')`, quoteName(column));
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
