import { parseQuery, type Query } from '@jetstreamapp/soql-parser-js';
import { malformed, offsetOf, soqlFault, unsupported } from './soql-fault.ts';

/** SOQL reference, "SOQL Limits": a statement's length. */
const LONGEST_STATEMENT = 100_000;
/** The parser takes them for ends of a line, which a string may not hold; for Salesforce they are text. */
const SEPARATORS = /[\u2028\u2029]/g;
/** `FROM Contact c, c.Account a` */
const SEVERAL_SOURCES = /\bFROM\s+\w+(?:\s+(?:AS\s+)?\w+)?\s*,/i;
const ALL_ROWS = /\s+ALL\s+ROWS\s*$/i;

export interface ParsedSoql {
  readonly text: string;
  readonly query: Query;
}

/** Parses SOQL; MALFORMED_QUERY in Salesforce's form for what is none. */
export function parseSoql(text: string): ParsedSoql {
  if (text.length > LONGEST_STATEMENT) {
    throw malformed('SOQL statements cannot be longer than 100000 characters.');
  }
  if (text.trim() === '') throw malformed("unexpected token: '<EOF>'");
  // "You cannot use the ALL ROWS keywords" but in Apex: what is deleted is asked for by queryAll.
  if (ALL_ROWS.test(text)) throw malformed('ALL ROWS not allowed in this context');
  let query: Query;
  try {
    query = parseQuery(text.replace(SEPARATORS, escaped));
  } catch (error) {
    throw syntaxFault(text, error);
  }
  if (query.sObject === undefined || query.fields === undefined) {
    throw malformed("unexpected token: '<EOF>'");
  }
  return { text, query };
}

function escaped(separator: string): string {
  return `\\u${separator.charCodeAt(0).toString(16)}`;
}

function syntaxFault(text: string, error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  const sources = SEVERAL_SOURCES.exec(text);
  if (sources && offsetOf(text, 'from') === sources.index) {
    throw unsupported(text, 'from', 'A FROM of several objects');
  }
  const skipped = /offset: (\d+)/.exec(message);
  if (skipped) {
    const offset = Number(skipped[1]);
    return soqlFault('MALFORMED_QUERY', text, offset, `unexpected char: '${text[offset] ?? ''}'`);
  }
  const found = /found(?::| -->) '?([^']*?)'?(?: <--)?\s*$/.exec(message)?.[1] ?? '';
  if (found === '') return malformed(`unexpected token: '<EOF>'`);
  const offset = Math.max(0, text.lastIndexOf(found));
  return soqlFault('MALFORMED_QUERY', text, offset, `unexpected token: '${found}'`);
}
