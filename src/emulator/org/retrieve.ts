import type { Actor } from '../engine/actor.ts';
import {
  committedRow,
  currentRow,
  entityIsDeleted,
  isVisible,
  notFound,
  type OrgState,
  type RowKey,
  rowKey,
} from '../engine/org-state.ts';
import { queryContext } from '../engine/query-engine.ts';
import { OrgFault } from '../schema/fault.ts';
import { quoted } from '../schema/field.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { instantMs } from '../schema/stamp.ts';
import { Scope } from '../soql/scope.ts';
import { Selection } from '../soql/select-tree.ts';
import { joined, sql } from '../soql/sql.ts';
import { baseUrl, type RowsPlan } from '../soql/translate.ts';
import { coerce } from './write/coerce.ts';
import { committedRowsBy, lookupField, rowsBy } from './write/upsert.ts';

interface RetrieveOptions {
  readonly apiVersion: string;
  readonly fields?: readonly string[] | undefined;
}

/** sObject Collections: ids of one retrieve. */
const IDS_AT_MOST = 2000;
/** Of several rows with one value so many are named. */
const MATCHES_AT_MOST = 200;

function selectionOf(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  fields: readonly string[] | undefined,
): Pick<RowsPlan, 'scope' | 'selection'> {
  const text = `SELECT ${(fields ?? []).join(', ')} FROM ${object.name}`;
  const context = queryContext(state, actor, { text }, false, () => {});
  const scope = new Scope(object, 'c', context);
  const selection = new Selection(scope);
  // The Id comes with every row, asked for or not.
  const names = fields ? [...fields, 'Id'] : object.visibleFields.map((field) => field.name);
  const seen = new Set<string>();
  for (const name of names.map((field) => field.trim())) {
    // Unlike in SOQL, a field asked for twice is answered once.
    if (name === '' || seen.has(name.toLowerCase())) continue;
    seen.add(name.toLowerCase());
    selection.addField(name);
  }
  return { scope, selection };
}

/** So many rows go into one part of the text: SQLite makes each part where the last one was, and touches no other memory. */
const ROWS_OF_PART = 64;

/** The rows of `ids` as parts of a JSON text, null for what is not there, in the order of the ids. */
function fetchJson(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  rids: readonly number[],
  { apiVersion, fields }: RetrieveOptions,
): string[] {
  const { scope, selection } = selectionOf(state, actor, object, fields);
  const row = selection.root.json(baseUrl(apiVersion));
  const on = joined([sql('c._rid = ids.value'), ...scope.visible], ' and ');
  const text =
    `select group_concat(ifnull(t, 'null'), ',') from ` +
    `(select iif(c._rid is null, null, ${row.text}) as t from json_each(?) ids ` +
    `left join ${quoted(object.name)} c on ${on.text}${scope.joins.text})`;
  const statement = state.storage.pluck(text);
  const parts: string[] = [];
  for (let at = 0; at < rids.length; at += ROWS_OF_PART) {
    const some = JSON.stringify(rids.slice(at, at + ROWS_OF_PART));
    parts.push(
      at === 0 ? '[' : ',',
      statement.get(...row.values, some, ...on.values, ...scope.joins.values) as string,
    );
  }
  return rids.length === 0 ? ['[]'] : [...parts, ']'];
}

export function retrieveMany(
  state: OrgState,
  actor: Actor,
  objectName: string,
  ids: readonly string[],
  options: RetrieveOptions,
): string[] {
  const object = state.schema.require(objectName);
  if (ids.length > IDS_AT_MOST) {
    throw new OrgFault(
      'EXCEEDED_ID_LIMIT',
      `record limit reached. cannot submit more than ${IDS_AT_MOST} records into this call`,
    );
  }
  // -1 is no row's number.
  const rids = ids.map((id) => {
    const key = rowKey(state, id);
    return key?.object === object ? key.rid : -1;
  });
  return fetchJson(state, actor, object, rids, options);
}

/** The committed row an id names, if this user may see it. */
function readable(state: OrgState, actor: Actor, objectName: string, id: string): RowKey {
  const object = state.schema.require(objectName);
  const key = rowKey(state, id);
  if (!key || key.object !== object || !isVisible(state, key, actor.userId)) throw notFound();
  const row = committedRow(state, key);
  if (!row) throw notFound();
  if (row.IsDeleted) throw entityIsDeleted();
  return key;
}

export function retrieve(
  state: OrgState,
  actor: Actor,
  objectName: string,
  id: string,
  options: RetrieveOptions,
): JsonObject {
  const { object, rid } = readable(state, actor, objectName, id);
  const json = fetchJson(state, actor, object, [rid], options).join('');
  return (JSON.parse(json) as JsonObject[])[0]!;
}

export function retrieveBy(
  state: OrgState,
  actor: Actor,
  objectName: string,
  fieldName: string,
  value: string,
  options: RetrieveOptions,
): { record: JsonObject } | { ids: string[] } {
  const object = state.schema.require(objectName);
  const field = lookupField(object, fieldName);
  const coerced = coerce(field, value, { kind: 'csv', body: undefined });
  if ('error' in coerced || coerced.value === null) throw notFound();
  const ids = committedRowsBy(state, actor, object, field, coerced.value, MATCHES_AT_MOST);
  if (ids.length > 1) return { ids };
  if (ids.length === 0) throw notFound();
  return { record: retrieve(state, actor, objectName, ids[0]!, options) };
}

export function idsBy(
  state: OrgState,
  actor: Actor,
  objectName: string,
  fieldName: string,
  value: string,
): readonly string[] {
  const object = state.schema.require(objectName);
  const field = lookupField(object, fieldName);
  const coerced = coerce(field, value, { kind: 'csv', body: undefined });
  if ('error' in coerced || coerced.value === null) return [];
  return rowsBy(state, actor, object, field, coerced.value, MATCHES_AT_MOST);
}

export function modifiedAtMs(
  state: OrgState,
  actor: Actor,
  objectName: string,
  id: string,
  { forWrite }: { forWrite: boolean } = { forWrite: false },
): number | undefined {
  const object = state.schema.require(objectName);
  const key = rowKey(state, id);
  if (!key || key.object !== object || !isVisible(state, key, actor.userId)) return undefined;
  const row = forWrite ? currentRow(state, key) : committedRow(state, key);
  const stamp = row?.LastModifiedDate;
  return row && !row.IsDeleted && typeof stamp === 'string' ? instantMs(stamp) : undefined;
}
