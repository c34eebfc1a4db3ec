import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { runQuery } from '../engine/query-engine.ts';
import { OrgFault } from '../schema/fault.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { parseSearch, type Returning, type SearchGroup } from './search-clauses.ts';
import { badSearch, isFound, parseSearchTerms, type SearchTerms, wordsOf } from './search-terms.ts';

/** SOSL reference: rows of one search. */
const ROWS_AT_MOST = 2000;
/** Candidates read at a time. */
const PAGE_ROWS = 2000;

/** One object that is searched. */
interface Target {
  readonly object: ObjectSchema;
  /** Names of the fields that are searched; none where the object has none of the group. */
  readonly searched: readonly string[];
  readonly returning: Omit<Returning, 'object'>;
}

/** SOSL over names, e-mail addresses and phone numbers. */
export function search(state: OrgState, actor: Actor, sosl: string, apiVersion: string): JsonObject[] {
  const clauses = parseSearch(sosl);
  const terms = parseSearchTerms(clauses.terms);
  const targets = targetsOf(state, clauses.returning, clauses.group);
  const query = (soql: string) => runQuery(state, actor, soql, { apiVersion });
  for (const target of targets) check(target, query);
  let left = Math.min(ROWS_AT_MOST, clauses.limit ?? ROWS_AT_MOST);
  const records: JsonObject[] = [];
  for (const { object, searched, returning } of targets) {
    if (searched.length === 0 || left <= 0) continue;
    const ids = foundIds({ object, searched, returning }, terms, query);
    if (ids.length === 0) continue;
    const list = ids.map((id) => `'${id}'`).join(', ');
    const soql = `SELECT ${returning.fields} FROM ${object.name} WHERE Id IN (${list})${returning.tail}`;
    const found = query(soql).records(0, left);
    left -= found.length;
    records.push(...found);
  }
  return records;
}

function targetsOf(
  state: OrgState,
  returning: readonly Returning[] | undefined,
  group: SearchGroup,
): readonly Target[] {
  if (returning === undefined) {
    return state.schema.objects
      .filter((object) => object.document.searchable && object.nameField)
      .map((object) => ({
        object,
        searched: searchedFields(object, group),
        returning: { fields: 'Id', where: undefined, tail: '' },
      }));
  }
  return returning.map((part) => {
    const object = state.schema.find(part.object);
    if (!object) throw new OrgFault('INVALID_TYPE', `sObject type '${part.object}' is not supported.`);
    return { object, searched: searchedFields(object, group), returning: part };
  });
}

function searchedFields(object: ObjectSchema, group: SearchGroup): string[] {
  const fields = object.visibleFields.filter(({ type, document }) => {
    const is = { NAME: document.nameField, EMAIL: type === 'email', PHONE: type === 'phone' };
    return group === 'ALL' ? is.NAME || is.EMAIL || is.PHONE : is[group];
  });
  return fields.map(({ name }) => name);
}

type Query = (soql: string) => ReturnType<typeof runQuery>;

const onlyIf = (where: string | undefined) => (where === undefined ? '' : ` AND (${where})`);

/** What is asked for must be there even where nothing is found, and be rows. */
function check({ object, returning }: Target, query: Query): void {
  const { fields, where, tail } = returning;
  const none = query(`SELECT ${fields} FROM ${object.name} WHERE Id = null${onlyIf(where)}${tail}`);
  if (none.kind !== 'rows') throw badSearch(`unexpected token: '${fields}'`);
}

/** Rows that have the words somewhere, of which those stay that have them as words. */
function foundIds({ object, searched, returning }: Target, terms: SearchTerms, query: Query): string[] {
  const condition = `${likeCondition(terms, searched)}${onlyIf(returning.where)}`;
  const candidates = query(`SELECT Id, ${searched.join(', ')} FROM ${object.name} WHERE ${condition}`);
  const ids: string[] = [];
  for (let at = 0; at < candidates.totalSize && ids.length < ROWS_AT_MOST; at += PAGE_ROWS) {
    for (const row of candidates.records(at, PAGE_ROWS)) {
      const texts = searched.map((name) => wordsOf(String(row[name] ?? '')));
      if (isFound(terms, texts)) ids.push(String(row.Id));
    }
  }
  return ids.slice(0, ROWS_AT_MOST);
}

/** What a row must fulfil at least. */
function likeCondition(terms: SearchTerms, fields: readonly string[]): string {
  switch (terms.kind) {
    case 'phrase': {
      const [longest] = [...terms.words].sort((a, b) => b.like.length - a.like.length);
      return `(${fields.map((name) => `${name} LIKE '%${longest?.like ?? ''}%'`).join(' OR ')})`;
    }
    case 'and not':
      return likeCondition(terms.left, fields);
    case 'and':
    case 'or': {
      const joint = terms.kind.toUpperCase();
      return `(${likeCondition(terms.left, fields)} ${joint} ${likeCondition(terms.right, fields)})`;
    }
  }
}
