import { quoteName } from './contact-schema.ts';

const textFields = new Set(['FirstName', 'LastName', 'Name', 'Email']);

/** What people write between a phone number's digits. */
const phoneMarks = [' ', '(', ')', '-', '.', '/', '+'];

/** The WHERE of `contacts search`: names and e-mail contain the text, or a phone number its digits. */
export function searchCondition(
  text: string,
  columns: readonly { name: string; type: string }[],
): { sql: string; parameters: string[] } {
  const conditions: string[] = [];
  const parameters: string[] = [];
  for (const { name, type } of columns) {
    if (!textFields.has(name) && type !== 'email' && type !== 'phone') continue;
    for (const spelling of spellings(text)) {
      conditions.push(`${quoteName(name)} LIKE ? ESCAPE '\\'`);
      parameters.push(`%${spelling.replace(/[\\%_]/g, '\\$&')}%`);
    }
    const digits = text.replace(/\D/g, '');
    if (type === 'phone' && digits.length >= 4 && /^[\d\s()+./-]+$/.test(text)) {
      let bare = quoteName(name);
      for (const mark of phoneMarks) bare = `replace(${bare}, '${mark}', '')`;
      conditions.push(`${bare} LIKE ?`);
      parameters.push(`%${digits}%`);
    }
  }
  return conditions.length === 0
    ? { sql: 'false', parameters }
    : { sql: `(${conditions.join(' OR ')})`, parameters };
}

/** LIKE ignores the case of ASCII letters only, so others are tried as people write them. */
function spellings(text: string): Set<string> {
  const lower = text.toLowerCase();
  if (/^[ -~]*$/.test(text)) return new Set([text]);
  return new Set([
    text,
    lower,
    text.toUpperCase(),
    lower.replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()),
  ]);
}
