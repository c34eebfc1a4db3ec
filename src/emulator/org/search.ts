import { malformed } from '../soql/soql-fault.ts';
import { OrgFault } from './fault.ts';
import type { ObjectSchema } from './object-schema.ts';
import type { Actor, JsonObject } from './org.ts';
import type { OrgState } from './org-state.ts';
import { runQuery } from './query-engine.ts';

/** SOSL reference: rows of one search. */
const ROWS_AT_MOST = 2000;

interface Returning {
  readonly object: ObjectSchema;
  readonly fields: string;
  /** WHERE's condition, and what follows it (ORDER BY, LIMIT). */
  readonly where: string | undefined;
  readonly tail: string;
}

function badSearch(message: string): OrgFault {
  return new OrgFault('MALFORMED_SEARCH', message);
}

/**
 * SOSL over names, e-mail addresses and phone numbers: every word of the text must begin a word of one field.
 * `FIND {text} [IN ALL|NAME|EMAIL|PHONE FIELDS] [RETURNING Object(Field, … WHERE … ORDER BY … LIMIT n), …] [LIMIT n]`
 */
export function search(state: OrgState, actor: Actor, sosl: string, apiVersion: string): JsonObject[] {
  const head = /^\s*FIND\s*\{((?:\\.|[^}\\])*)\}/is.exec(sosl);
  if (!head) throw badSearch('FIND expects a search text in braces');
  let rest = sosl.slice(head[0].length);
  const group = /^\s*IN\s+(ALL|NAME|EMAIL|PHONE)\s+FIELDS/i.exec(rest);
  rest = rest.slice(group?.[0].length ?? 0);
  const limit = /\sLIMIT\s+(\d+)\s*$/i.exec(rest);
  if (limit) rest = rest.slice(0, limit.index);
  const returning = returningList(state, rest);
  const words = searchWords(head[1]!);
  let left = Math.min(ROWS_AT_MOST, limit ? Number(limit[1]) : ROWS_AT_MOST);
  const records: JsonObject[] = [];
  for (const part of returning) {
    const condition = searchCondition(part.object, (group?.[1] ?? 'ALL').toUpperCase(), words);
    if (condition === undefined || left <= 0) continue;
    const where = part.where === undefined ? condition : `${condition} AND (${part.where})`;
    const soql = `SELECT ${part.fields} FROM ${part.object.name} WHERE ${where}${part.tail}`;
    const found = runQuery(state, actor, soql, { apiVersion }).records(0, left);
    left -= found.length;
    records.push(...found);
  }
  return records;
}

/** The words of a search text, as LIKE patterns: `*` and `?` are wild, a backslash makes the next character plain. */
function searchWords(text: string): string[] {
  const plain = text.replaceAll(/\\(.)/g, '$1').replaceAll('"', ' ');
  const words = plain.split(/\s+/).filter((word) => word !== '' && !/^(AND|OR)$/.test(word));
  if (words.join('').replaceAll(/[*?]/g, '').length < 2) {
    throw badSearch('search term must be longer than one character');
  }
  return words.map((word) =>
    word
      .replaceAll(/[\\%_']/g, (special) => `\\${special}`)
      .replaceAll('*', '%')
      .replaceAll('?', '_'),
  );
}

function searchCondition(object: ObjectSchema, group: string, words: readonly string[]): string | undefined {
  const fields = object.visibleFields.filter((field) => {
    const isName = field.document.nameField;
    const isEmail = field.type === 'email';
    const isPhone = field.type === 'phone';
    if (group === 'NAME') return isName;
    if (group === 'EMAIL') return isEmail;
    if (group === 'PHONE') return isPhone;
    return isName || isEmail || isPhone;
  });
  if (fields.length === 0) return undefined;
  const any = fields.map(({ name }) => {
    const all = words.map((word) => `(${name} LIKE '${word}%' OR ${name} LIKE '% ${word}%')`);
    return `(${all.join(' AND ')})`;
  });
  return `(${any.join(' OR ')})`;
}

function returningList(state: OrgState, rest: string): Returning[] {
  const text = /^\s*(?:RETURNING\s+(.+))?$/is.exec(rest);
  if (!text) throw badSearch(`unexpected token: '${rest.trim().split(/\s/)[0]}'`);
  if (text[1] === undefined) {
    return state.schema.objects
      .filter((object) => object.document.searchable && object.nameField)
      .map((object) => ({ object, fields: 'Id', where: undefined, tail: '' }));
  }
  return split(text[1]).map((part) => {
    const match = /^\s*(\w+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(part);
    const object = match && state.schema.find(match[1]!);
    if (!match || !object) {
      throw new OrgFault('INVALID_TYPE', `sObject type '${match?.[1] ?? part.trim()}' is not supported.`);
    }
    return { object, ...objectClauses(match[2] ?? 'Id') };
  });
}

function objectClauses(text: string): Omit<Returning, 'object'> {
  const match = /^([\s\S]*?)(?:\sWHERE\s([\s\S]*?))?(\s(?:ORDER\s+BY|LIMIT|OFFSET)\s[\s\S]*)?$/i.exec(text);
  const fields = match?.[1]?.trim();
  if (!match || !fields) throw malformed(`unexpected token: '${text}'`);
  return { fields, where: match[2], tail: match[3] ?? '' };
}

/** Splits at commas outside of parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
