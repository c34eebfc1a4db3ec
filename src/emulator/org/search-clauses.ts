import { OrgFault } from '../schema/fault.ts';
import { badSearch } from './search-terms.ts';

export type SearchGroup = 'ALL' | 'NAME' | 'EMAIL' | 'PHONE';

/** One object of RETURNING. */
export interface Returning {
  readonly object: string;
  readonly fields: string;
  /** WHERE's condition, and what follows it (ORDER BY, LIMIT). */
  readonly where: string | undefined;
  readonly tail: string;
}

export interface SearchClauses {
  /** What stands in FIND's braces. */
  readonly terms: string;
  readonly group: SearchGroup;
  /** Undefined: all searchable objects. */
  readonly returning: readonly Returning[] | undefined;
  readonly limit: number | undefined;
}

/**
 * The clauses of a search: `FIND {text} [IN ALL|NAME|EMAIL|PHONE FIELDS] [RETURNING Object(Field, … WHERE … ORDER BY
 * … LIMIT n), …] [LIMIT n]` (SOSL reference, SOSL Syntax).
 */
export function parseSearch(sosl: string): SearchClauses {
  const head = /^\s*FIND\s*\{((?:\\.|[^}\\])*)\}/is.exec(sosl);
  if (!head) throw badSearch('FIND expects a search text in braces');
  let rest = sosl.slice(head[0].length);
  const group = /^\s*IN\s+(ALL|NAME|EMAIL|PHONE)\s+FIELDS\b/i.exec(rest);
  rest = rest.slice(group?.[0].length ?? 0);
  const limit = /\sLIMIT\s+(\d+)\s*$/i.exec(rest);
  if (limit) rest = rest.slice(0, limit.index);
  const missing = /(?:^|[\s)])(IN\s+SIDEBAR\s+FIELDS|WITH|USING|UPDATE)\b/i.exec(withoutTexts(rest));
  if (missing) throw badSearch(`${missing[1]!.toUpperCase()} is not supported by this emulator`);
  const returning = /^\s*(?:RETURNING\s+(.+))?$/is.exec(rest);
  if (!returning) throw badSearch(`unexpected token: '${rest.trim().split(/\s/)[0]}'`);
  return {
    terms: head[1]!,
    group: (group?.[1] ?? 'ALL').toUpperCase() as SearchGroup,
    returning: returning[1] === undefined ? undefined : splitAtCommas(returning[1]).map(readReturning),
    limit: limit ? Number(limit[1]) : undefined,
  };
}

/** The same length, with blanks for what stands in quotes: it may look like a clause. */
function withoutTexts(soql: string): string {
  return soql.replaceAll(/'(?:\\.|[^'\\])*'/gs, (text) => `'${'_'.repeat(text.length - 2)}'`);
}

function readReturning(part: string): Returning {
  const match = /^\s*(\w+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(part);
  if (!match) throw new OrgFault('INVALID_TYPE', `sObject type '${part.trim()}' is not supported.`);
  const clauses = match[2] ?? 'Id';
  const plain = withoutTexts(clauses);
  const tailAt = indexOrEnd(plain, /\s(?:ORDER\s+BY|LIMIT|OFFSET)\s/i);
  const whereAt = Math.min(tailAt, indexOrEnd(plain, /\sWHERE\s/i));
  const fields = clauses.slice(0, whereAt).trim();
  if (fields === '') throw badSearch(`unexpected token: '${clauses}'`);
  const where = whereAt < tailAt ? clauses.slice(whereAt + ' WHERE '.length, tailAt) : undefined;
  return { object: match[1]!, fields, where, tail: clauses.slice(tailAt) };
}

function indexOrEnd(text: string, pattern: RegExp): number {
  const at = text.search(pattern);
  return at < 0 ? text.length : at;
}

/** Splits at commas outside of parentheses and texts. */
function splitAtCommas(text: string): string[] {
  const plain = withoutTexts(text);
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < plain.length; at++) {
    if (plain[at] === '(') depth++;
    else if (plain[at] === ')') depth--;
    else if (plain[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
