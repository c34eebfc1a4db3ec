import type { Actor } from '../../engine/actor.ts';
import type { OrgState } from '../../engine/org-state.ts';
import type { RecordInput, SaveError, SaveResult, WriteOptions } from '../../engine/save-result.ts';
import { OrgFault } from '../../schema/fault.ts';
import { type Field, quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { normalizeId } from '../../schema/record-id.ts';
import { coerce } from './coerce.ts';
import { createRecord, failure, sourceOf, updateRecord, writeEach } from './dml.ts';
import { saveError } from './value-error.ts';

/** The field an upsert or a retrieve goes by: Id, an external id, or one that describe calls idLookup. */
export function lookupField(object: ObjectSchema, name: string): Field {
  const field = object.visibleField(name);
  if (!field || !(field.document.externalId || field.document.idLookup)) {
    throw new OrgFault(
      'NOT_FOUND',
      `Provided external ID field does not exist or is not accessible: ${name}`,
      { status: 404 },
    );
  }
  return field;
}

/** Live rows that have a value in a lookup field, as this user sees them once late commits are there too. */
export function rowsBy(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  field: Field,
  value: string | number,
  limit: number,
): string[] {
  const ids = committedRowsBy(state, actor, object, field, value, limit);
  const pending = state.commits.pendingRidWith(object, field.name, String(value).toLowerCase());
  const pendingId = pending === undefined ? undefined : state.ids.make(object.keyPrefix, pending);
  return pendingId === undefined || ids.includes(pendingId) ? ids : [...ids, pendingId];
}

/** The same of what everybody sees; at most `limit`. */
export function committedRowsBy(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  field: Field,
  value: string | number,
  limit: number,
): string[] {
  state.storage.ensureIndex(object, field.name);
  const hidden = state.visibility.condition(object, 't', actor.userId);
  const live = object.field('IsDeleted') ? ' and t."IsDeleted" = 0' : '';
  const caseless = field.document.caseSensitive || field.type === 'id' ? '' : ' collate nocase';
  const found = state.storage.all<{ Id: string }>(
    `select t."Id" from ${quoted(object.name)} t where t.${quoted(field.name)} = ?${caseless}${live}${hidden ? ` and ${hidden.text}` : ''} order by t._rid limit ${limit}`,
    [value, ...(hidden?.values ?? [])],
  );
  return found.map((row) => row.Id);
}

/** Of one match several are shown: REST answers 300 with their URLs. */
const MATCHES_SHOWN = 200;

/** Upsert of one record by a field: creates where nothing matches, updates one match, refuses several. */
function upsertRecord(
  state: OrgState,
  actor: Actor,
  fieldName: string,
  input: RecordInput,
  options: WriteOptions,
): SaveResult {
  const object = state.schema.require(input.object);
  const field = lookupField(object, fieldName);
  const entry = Object.entries(input.fields).find(
    ([name]) => name.toLowerCase() === field.name.toLowerCase(),
  );
  const { [entry?.[0] ?? '']: raw, ...others } = input.fields;
  if (field.type === 'id') {
    const byId = typeof raw === 'string' && raw !== '';
    if (byId) return { ...updateRecord(state, actor, input, options), created: false };
    return created(createRecord(state, actor, { ...input, fields: others }, options));
  }
  const coerced = coerce(field, raw, sourceOf(options));
  if ('error' in coerced) return failure([coerced.error]);
  if (coerced.value === null) {
    return failure([saveError('MISSING_ARGUMENT', `${field.name} not specified`, field.name)]);
  }
  const ids = rowsBy(state, actor, object, field, coerced.value, MATCHES_SHOWN);
  if (ids.length > 1) {
    const message = `${field.name}: more than one record found for external id field: [${ids.join(', ')}]`;
    return { ...failure([saveError('DUPLICATE_EXTERNAL_ID', message, field.name)], 300), matches: ids };
  }
  const id = ids[0];
  if (id === undefined) {
    return created(createRecord(state, actor, input, options));
  }
  const { Id: _id, ...rest } = others;
  return {
    ...updateRecord(state, actor, { ...input, fields: { ...rest, Id: id } }, options),
    created: false,
  };
}

function created(result: SaveResult): SaveResult {
  return { ...result, created: result.success };
}

/**
 * Upserts one record after the other. A value named twice refuses both records, since which comes first would be
 * luck (Upsert Records, "Duplicate external id specified"; help 000384876, "Duplicate id specified").
 */
export function upsertRecords(
  state: OrgState,
  actor: Actor,
  fieldName: string,
  inputs: readonly RecordInput[],
  options: WriteOptions,
): SaveResult[] {
  for (const object of new Set(inputs.map((input) => input.object))) {
    lookupField(state.schema.require(object), fieldName);
  }
  const keyed = inputs.map((input) => ({ input, key: valueKey(state, fieldName, input, options) }));
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { key } of keyed) {
    if (key === undefined) continue;
    if (seen.has(key)) repeated.add(key);
    seen.add(key);
  }
  return writeEach(state, keyed, options, ({ input, key }) =>
    key !== undefined && repeated.has(key)
      ? failure([repeatedError(state, fieldName, input)])
      : upsertRecord(state, actor, fieldName, input, options),
  );
}

/** The same for two records that an upsert cannot tell apart; undefined where there is no value to go by. */
function valueKey(
  state: OrgState,
  fieldName: string,
  input: RecordInput,
  options: WriteOptions,
): string | undefined {
  const object = state.schema.require(input.object);
  const field = lookupField(object, fieldName);
  const raw = givenValue(input, field.name);
  if (raw === undefined || raw === null || raw === '') return undefined;
  if (field.type === 'id') return typeof raw === 'string' ? normalizeId(raw) : undefined;
  const coerced = coerce(field, raw, sourceOf(options));
  if ('error' in coerced || coerced.value === null) return undefined;
  const text = String(coerced.value);
  return `${object.name} ${field.document.caseSensitive ? text : text.toLowerCase()}`;
}

function repeatedError(state: OrgState, fieldName: string, input: RecordInput): SaveError {
  const field = lookupField(state.schema.require(input.object), fieldName);
  const value = String(givenValue(input, field.name));
  return field.type === 'id'
    ? saveError('DUPLICATE_VALUE', `Duplicate id specified: ${normalizeId(value) ?? value}`)
    : saveError('DUPLICATE_VALUE', `Duplicate external id specified: ${value}`, fieldName);
}

function givenValue(input: RecordInput, fieldName: string): unknown {
  const wanted = fieldName.toLowerCase();
  return Object.entries(input.fields).find(([name]) => name.toLowerCase() === wanted)?.[1];
}
