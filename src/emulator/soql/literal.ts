import type { LiteralType } from '@jetstreamapp/soql-parser-js';
import type { Field } from '../schema/field.ts';
import { isCaseless, type SqlValue } from '../schema/field.ts';
import { normalizeId } from '../schema/record-id.ts';
import { parseDay, parseInstant, storedInstant } from '../schema/stamp.ts';
import { type DayRange, dateRange } from './date-range.ts';
import type { QueryContext } from './scope.ts';
import { filterOffsetOf, malformed, soqlFault } from './soql-fault.ts';

export interface Literal {
  readonly text: string;
  readonly type: LiteralType;
}

/** A literal as the field's column holds it, or the span that a date literal means. */
export type Bound =
  | { readonly kind: 'null' }
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'range'; readonly start: SqlValue; readonly end: SqlValue };

/** What a field's type wants to be compared with: Salesforce's word for it, and whether it stands in quotes. */
const EXPECTED: Readonly<Record<string, { word: string; types: readonly LiteralType[] }>> = {
  boolean: { word: 'boolean', types: ['BOOLEAN'] },
  int: { word: 'int', types: ['INTEGER'] },
  double: { word: 'double', types: ['INTEGER', 'DECIMAL'] },
  percent: { word: 'double', types: ['INTEGER', 'DECIMAL'] },
  currency: {
    word: 'currency',
    types: ['INTEGER', 'DECIMAL', 'INTEGER_WITH_CURRENCY_PREFIX', 'DECIMAL_WITH_CURRENCY_PREFIX'],
  },
  date: { word: 'date', types: ['DATE', 'DATE_LITERAL', 'DATE_N_LITERAL'] },
  datetime: { word: 'dateTime', types: ['DATETIME', 'DATE_LITERAL', 'DATE_N_LITERAL'] },
  id: { word: 'string', types: ['STRING'] },
  reference: { word: 'string', types: ['STRING'] },
};

const TEXT: { word: string; types: readonly LiteralType[] } = { word: 'string', types: ['STRING'] };

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
]);

/**
 * The characters inside a SOQL string's quotes: "If you use a backslash character in any other context, an error
 * occurs" (SOQL reference, "Quoted String Escape Sequences").
 */
export function unquoted(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    const plain = ESCAPES.get(escaped.toLowerCase());
    if (plain === undefined) {
      throw malformed(
        `Invalid string literal ${literal}. Illegal character sequence '\\${escaped}' in string literal.`,
      );
    }
    return plain;
  });
}

/** Checks a literal's type against the field's and turns it into what the column holds. */
export function bindLiteral(field: Field, name: string, literal: Literal, context: QueryContext): Bound {
  if (literal.type === 'NULL') return { kind: 'null' };
  const expected = EXPECTED[field.type] ?? TEXT;
  if (!expected.types.includes(literal.type)) throw wrongType(name, expected.word, context);
  switch (literal.type) {
    case 'DATE_LITERAL':
    case 'DATE_N_LITERAL':
      return boundRange(field, literal, context);
    case 'STRING':
      return boundText(field, name, unquoted(literal.text), context);
    case 'BOOLEAN':
      return { kind: 'value', value: literal.text.toUpperCase() === 'TRUE' ? 1 : 0 };
    case 'DATE': {
      const day = parseDay(literal.text);
      if (day === undefined) throw malformed(`Invalid date: ${literal.text}`);
      return { kind: 'value', value: day };
    }
    case 'DATETIME': {
      const ms = parseInstant(literal.text);
      if (ms === undefined) throw malformed(`Invalid datetime: ${literal.text}`);
      return { kind: 'value', value: storedInstant(ms) };
    }
    default: {
      const number = Number(literal.text.replace(/^[A-Za-z]{3}/, ''));
      if (!Number.isFinite(number)) throw malformed(`For input string: "${literal.text}"`);
      return { kind: 'value', value: number };
    }
  }
}

function boundText(field: Field, name: string, text: string, context: QueryContext): Bound {
  // Salesforce stores no empty text, so '' asks for null.
  if (text === '') return { kind: 'null' };
  if (field.type !== 'id' && field.type !== 'reference') return { kind: 'value', value: text };
  const id = normalizeId(text);
  if (id === undefined) {
    const { query } = context;
    const message = `invalid ID field: ${text}`;
    throw soqlFault('INVALID_QUERY_FILTER_OPERATOR', query, filterOffsetOf(query, name), message);
  }
  return { kind: 'value', value: id };
}

function boundRange(field: Field, literal: Literal, context: QueryContext): Bound {
  context.sawRelativeDate();
  const range = dateRange(literal.text, context.nowMs);
  if (!range) throw malformed(`unexpected token: '${literal.text}'`);
  return { kind: 'range', ...rangeBounds(field, range) };
}

function rangeBounds(field: Field, range: DayRange): { start: string; end: string } {
  const length = field.type === 'date' ? 10 : 23;
  return {
    start: storedInstant(range.startMs).slice(0, length),
    end: storedInstant(range.endMs).slice(0, length),
  };
}

function wrongType(name: string, word: string, context: QueryContext) {
  const quotes =
    word === 'string' ? 'and should be enclosed in quotes' : 'and should not be enclosed in quotes';
  return soqlFault(
    'INVALID_FIELD',
    context.query,
    filterOffsetOf(context.query, name),
    `value of filter criterion for field '${name.split('.').at(-1)}' must be of type ${word} ${quotes}`,
  );
}

/** Whether a text needs more than SQLite's NOCASE, which folds ASCII only. */
export function needsFolding(field: Field, value: string | number): value is string {
  return typeof value === 'string' && isCaseless(field) && /\P{ASCII}/u.test(value);
}
