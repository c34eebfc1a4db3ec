import type { Connection } from '../../sqlite/connection.ts';
import { bareText, numberIn } from '../fields/phone-text.ts';
import type { SearchField } from '../fields/search-fields.ts';
import { searchCondition, spellings } from './search-condition.ts';
import { indexed, notIndexed, type SearchIndex, searchIndexOf } from './search-index.ts';

/** Reading rows one by one takes more than ten times as long as reading all in their order. */
const mostShare = 1 / 16;
/** So few are always read one by one. */
const few = 1_000;
/** With fewer contacts than this each is read, which takes a hundredth of a second. */
export const worthAnIndex = 20_000;
/** Of a longer text, parts that lie apart say enough. */
const mostTrigrams = 12;

/**
 * Rowids of the live contacts that a search finds, in the order of their Ids; null where the index does not help, and
 * all contacts are to be read. To be called in a transaction.
 */
export function searchByIndex(db: Connection, text: string, fields: readonly SearchField[]): number[] | null {
  const expression = expressionOf(text, fields);
  const index = expression === null ? null : searchIndexOf(db, fields);
  if (expression === null || index === null) return null;
  const candidates = candidatesOf(db, expression, index);
  if (candidates === null) return null;
  const { sql, parameters } = searchCondition(text, fields);
  return db
    .prepare(
      `SELECT rowid FROM contact WHERE rowid IN (SELECT value FROM json_each(?)) AND _gone IS NULL AND ${sql}
       ORDER BY +Id`,
    )
    .pluck()
    .all(JSON.stringify(candidates), ...parameters) as number[];
}

/** Null where they are so many that reading all contacts is faster. */
function candidatesOf(db: Connection, expression: string, { to }: SearchIndex): number[] | null {
  const all = db.prepare('SELECT max(rowid) FROM contact').pluck().get() as number | null;
  const most = Math.max(few, Math.floor((all ?? 0) * mostShare));
  const found = db
    .prepare(`${indexed} UNION ALL ${notIndexed} LIMIT ?`)
    .pluck()
    .all(expression, to, most + 1) as number[];
  return found.length > most ? null : found;
}

/** What FTS5 is asked, null where the text has too little for it. Whatever the condition is true of matches it. */
function expressionOf(text: string, fields: readonly SearchField[]): string | null {
  // To SQLite's LIKE a text ends there.
  if (text.includes('\0')) return null;
  const wanted = new Set(spellings(text));
  if (fields.some(({ isPhone }) => isPhone)) {
    // Of phone numbers the index has no more than this.
    for (const spelling of [...wanted]) wanted.add(bareText(spelling));
    const digits = numberIn(text);
    if (digits !== null) wanted.add(digits);
  }
  const terms = [...wanted].map(trigramsOf);
  if (terms.some((trigrams) => trigrams.length === 0)) return null;
  return terms.map((trigrams) => `(${trigrams.map(quoted).join(' AND ')})`).join(' OR ');
}

function trigramsOf(text: string): string[] {
  const letters = [...text];
  const last = letters.length - 3;
  if (last < 0) return [];
  const step = Math.max(2, Math.ceil(last / (mostTrigrams - 1)));
  const places = new Set([last]);
  for (let at = 0; at < last; at += step) places.add(at);
  return [...places].map((at) => letters.slice(at, at + 3).join(''));
}

/** A string of FTS5's query language. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
