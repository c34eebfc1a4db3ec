import { OrgFault } from '../schema/fault.ts';

/** Characters of the query that Salesforce shows before and after the place of an error. */
const SHOWN_BEFORE = 50;
const SHOWN_AFTER = 40;

/**
 * The offset of a name as a word of its own outside of string literals, from `from` on; 0 if it is not there.
 */
export function offsetOf(query: string, name: string, from = 0): number {
  const wanted = name.toLowerCase();
  const text = query.toLowerCase();
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && inString) at++;
    else if (text[at] === "'") inString = !inString;
    else if (!inString && at >= from && text.startsWith(wanted, at)) {
      const before = text[at - 1] ?? ' ';
      const after = text[at + wanted.length] ?? ' ';
      if (!/[\w.]/.test(before) && !/\w/.test(after)) return at;
    }
  }
  return 0;
}

/** The offset of a field's name in the conditions, where it may stand in the SELECT list as well. */
export function filterOffsetOf(query: string, name: string): number {
  return offsetOf(query, name, offsetOf(query, 'where')) || offsetOf(query, name);
}

/**
 * An error with Salesforce's three lines above the message: the text around the place, a caret under it, and
 * `ERROR at Row:1:Column:n` with the column counted from 1 over the whole query.
 */
export function soqlFault(errorCode: string, query: string, offset: number, message: string): OrgFault {
  const before = query.slice(0, offset);
  const row = before.split('\n').length;
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = query.indexOf('\n', offset);
  const line = query.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const column = offset - lineStart;
  const start = wordFrom(line, column - SHOWN_BEFORE, column);
  const shown = line.slice(start, wordTo(line, column + SHOWN_AFTER, column));
  const caret = `${' '.repeat(column - start)}^`;
  return new OrgFault(
    errorCode,
    `\n${shown}\n${caret}\nERROR at Row:${row}:Column:${column + 1}\n${message}`,
  );
}

/** The start of the first whole word from `at` on, not past `place`. */
function wordFrom(line: string, at: number, place: number): number {
  if (at <= 0) return 0;
  const blank = line.indexOf(' ', at);
  return blank < 0 || blank >= place ? place : blank + 1;
}

/** The end of the last whole word up to `at`, not before the word at `place`. */
function wordTo(line: string, at: number, place: number): number {
  if (at >= line.length) return line.length;
  const blank = line.lastIndexOf(' ', at);
  return blank <= place ? at : blank;
}

export function malformed(message: string): OrgFault {
  return new OrgFault('MALFORMED_QUERY', message);
}

/** What Salesforce has and this org has not: said as such, so that nobody looks for a mistake in the query. */
export function unsupported(query: string, at: string, what: string): OrgFault {
  return soqlFault(
    'MALFORMED_QUERY',
    query,
    offsetOf(query, at),
    `${what} is not supported by this emulator`,
  );
}
