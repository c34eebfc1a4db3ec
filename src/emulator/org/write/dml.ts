import type { Actor } from '../../engine/actor.ts';
import type { Change } from '../../engine/change.ts';
import {
  currentRow,
  isVisible,
  type OrgState,
  type RowKey,
  rowKey,
  type StoredRow,
  stampNow,
} from '../../engine/org-state.ts';
import type { RecordInput, SaveError, SaveResult, WriteOptions } from '../../engine/save-result.ts';
import { OrgFault } from '../../schema/fault.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import type { CoerceSource } from './coerce.ts';
import { duplicateError, uniqueError } from './duplicates.ts';
import { missingFields, readFields } from './record-fields.ts';
import { triggered } from './save-triggers.ts';
import { rulesOf, validationErrors } from './validation-rules.ts';
import { saveError } from './value-error.ts';

export function failure(errors: readonly SaveError[], status = 400): SaveResult {
  return { success: false, id: null, errors, status };
}

export function success(id: string): SaveResult {
  return { success: true, id, errors: [] };
}

const ROLLED_BACK = saveError(
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'Record rolled back because not all records were valid and the request was using AllOrNone header',
);

class RolledBack extends Error {
  readonly results: readonly SaveResult[];

  constructor(results: readonly SaveResult[]) {
    super('rolled back');
    this.results = results;
  }
}

/**
 * Writes one record after the other. With `allOrNone` a failure undoes all, and whoever was not at fault says so;
 * a fault that concerns the whole request (thrown) undoes all as well.
 */
export function writeEach<T>(
  state: OrgState,
  items: readonly T[],
  options: WriteOptions,
  write: (item: T) => SaveResult,
): SaveResult[] {
  try {
    return state.commits.transaction(() => {
      const results = items.map((item) => writeOne(state, () => write(item)));
      if (options.allOrNone && results.some((result) => !result.success)) throw new RolledBack(results);
      return results;
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    return error.results.map((result) => (result.success ? failure([ROLLED_BACK]) : result));
  }
}

/** A record that fails leaves nothing behind, however far its write had come. */
function writeOne(state: OrgState, write: () => SaveResult): SaveResult {
  try {
    return state.commits.transaction(() => {
      const result = write();
      if (!result.success) throw new RolledBack([result]);
      return result;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.results[0]!;
    throw error;
  }
}

export function sourceOf(options: WriteOptions): CoerceSource {
  return { kind: options.source ?? 'json', body: options.body };
}

export function createRecord(
  state: OrgState,
  actor: Actor,
  input: RecordInput,
  options: WriteOptions,
): SaveResult {
  const object = state.schema.require(input.object);
  if (!object.document.createable) {
    throw new OrgFault('INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} does not support create`);
  }
  const { set, errors } = readFields(state, actor, object, input.fields, 'create', sourceOf(options));
  if (Object.keys(input.fields).some((name) => name.toLowerCase() === 'id' && input.fields[name] !== null)) {
    errors.unshift(saveError('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', 'Id'));
  }
  const given = withDefaults(state, actor, object, set);
  const trigger = triggered(state, object, given);
  errors.push(...trigger.errors);
  const row = { ...given, ...trigger.set };
  const missing = missingFields(object, row).filter(
    (name) => !errors.some((error) => error.fields.includes(name)),
  );
  if (missing.length > 0) {
    const message = `Required fields are missing: [${missing.join(', ')}]`;
    errors.unshift(saveError('REQUIRED_FIELD_MISSING', message, ...missing));
  }
  if (errors.length > 0) return failure(errors);
  const rid = state.storage.takeRids(object, 1);
  const id = state.ids.make(object.keyPrefix, rid);
  const stored = withComputed(object, { ...row, Id: id });
  if (object.field('PhotoUrl')) stored.PhotoUrl = `/services/images/photo/${id}`;
  const change: Change = { kind: 'insert', object, rid, set: stored, at: stored.SystemModstamp as string };
  const refused = save(state, actor, change, stored, Object.keys(stored), options);
  return refused.length > 0 ? failure(refused) : success(id);
}

function withDefaults(state: OrgState, actor: Actor, object: ObjectSchema, set: StoredRow): StoredRow {
  const at = stampNow(state);
  const row: StoredRow = {};
  for (const { name, type, document } of object.columns) {
    const chosen = document.picklistValues.find((entry) => entry.defaultValue)?.value;
    const given = document.defaultValue;
    const fallback = typeof given === 'boolean' ? Number(given) : (given ?? chosen ?? null);
    row[name] = type === 'boolean' ? Number(fallback) : fallback;
  }
  if (object.field('OwnerId')) row.OwnerId = actor.userId;
  Object.assign(row, set);
  for (const name of ['CreatedDate', 'LastModifiedDate', 'SystemModstamp']) {
    if (object.field(name)) row[name] = at;
  }
  for (const name of ['CreatedById', 'LastModifiedById']) if (object.field(name)) row[name] = actor.userId;
  row.SystemModstamp = at;
  return row;
}

const COMPUTED = ['Name', 'IsClosed', 'IsWon'] as const;

/** What Salesforce computes from other fields: the Name of people, and what a stage means for an opportunity. */
function withComputed(object: ObjectSchema, row: StoredRow): StoredRow {
  if (object.name === 'Opportunity') {
    const closed = String(row.StageName).startsWith('Closed');
    return { ...row, IsClosed: Number(closed), IsWon: Number(row.StageName === 'Closed Won') };
  }
  if (!object.hasPersonName) return row;
  const parts = [row.FirstName, row.LastName].filter((part) => part !== null && part !== undefined);
  return { ...row, Name: parts.join(' ') };
}

export function updateRecord(
  state: OrgState,
  actor: Actor,
  input: RecordInput,
  options: WriteOptions,
): SaveResult {
  const object = state.schema.require(input.object);
  if (!object.document.updateable) {
    throw new OrgFault('INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} does not support update`);
  }
  const id = Object.entries(input.fields).find(([name]) => name.toLowerCase() === 'id')?.[1];
  if (typeof id !== 'string' || id === '') {
    return failure([saveError('MISSING_ARGUMENT', 'Id not specified in an update call')]);
  }
  // Unknown fields refuse the request even where the row would have been refused anyway.
  const { set, errors } = readFields(state, actor, object, input.fields, 'update', sourceOf(options));
  const found = writeable(state, actor, id, object);
  if ('errors' in found) return found;
  const { key, row } = found;
  const trigger = triggered(state, object, { ...row, ...set });
  errors.push(...trigger.errors);
  const written = { ...set, ...trigger.set };
  const after = withComputed(object, { ...row, ...written });
  const missing = missingFields(object, after).filter((name) => name in written);
  if (missing.length > 0) {
    const message = `Required fields are missing: [${missing.join(', ')}]`;
    errors.unshift(saveError('REQUIRED_FIELD_MISSING', message, ...missing));
  }
  if (errors.length > 0) return failure(errors);
  const stamps = modifiedBy(state, actor, object);
  const changed: StoredRow = { ...written, ...stamps.set };
  for (const name of COMPUTED) {
    if (object.field(name) && after[name] !== row[name]) changed[name] = after[name] ?? null;
  }
  const change: Change = { kind: 'update', object, rid: key.rid, set: changed, at: stamps.at };
  const refused = save(state, actor, change, { ...after, ...changed }, Object.keys(changed), options);
  return refused.length > 0 ? failure(refused) : success(key.id);
}

export function modifiedBy(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
): { set: Record<string, string>; at: string } {
  const at = stampNow(state);
  const set: Record<string, string> = {};
  if (object.field('LastModifiedDate')) set.LastModifiedDate = at;
  if (object.field('LastModifiedById')) set.LastModifiedById = actor.userId;
  if (object.field('SystemModstamp')) set.SystemModstamp = at;
  return { set, at };
}

/** The row an id names if this user may write it now, or the refusal. */
export function writeable(
  state: OrgState,
  actor: Actor,
  id: string,
  object: ObjectSchema | undefined,
): { key: RowKey; row: StoredRow } | SaveResult {
  const key = rowKey(state, id);
  if (!key || (object && key.object !== object)) {
    const prefixed = state.schema.ofId(id);
    const foreign = object && prefixed && prefixed !== object;
    return foreign || !/^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/.test(id)
      ? failure([
          saveError(
            'MALFORMED_ID',
            `${object?.name ?? 'Record'} ID: id value of incorrect type: ${id}`,
            'Id',
          ),
        ])
      : failure([saveError('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')], 404);
  }
  const row = isVisible(state, key, actor.userId) ? currentRow(state, key) : undefined;
  if (!row) return failure([saveError('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')], 404);
  if (row.IsDeleted) return failure([saveError('ENTITY_IS_DELETED', 'entity is deleted')], 404);
  return lockError(state, key) ?? { key, row };
}

export function lockError(state: OrgState, key: RowKey): SaveResult | undefined {
  const isLocked = state.commits.isLocked(key.object, key.rid) || state.settings.lockedIds.includes(key.id);
  if (!isLocked) return undefined;
  const message = `unable to obtain exclusive access to this record or 1 records: ${key.id}`;
  return failure([saveError('UNABLE_TO_LOCK_ROW', message)]);
}

/** Stores a change that unique fields, duplicate rules and validation rules do not refuse. */
function save(
  state: OrgState,
  actor: Actor,
  change: Change,
  row: StoredRow,
  changed: readonly string[],
  options: WriteOptions,
): SaveError[] {
  const { object, rid } = change;
  const unique = uniqueError(state, object, rid, row, changed);
  if (unique) return [unique];
  const duplicate = duplicateError(state, actor, object, rid, row, options.allowDuplicates === true);
  if (duplicate) return [duplicate];
  if (rulesOf(state, object).length === 0) {
    state.commits.submit(change, state.clock.now());
    return [];
  }
  const refusal = new Error('refused');
  let errors: SaveError[] = [];
  try {
    state.commits.transaction(() => {
      state.commits.submit(change, state.clock.now());
      errors = state.commits.tried(object, rid, () => validationErrors(state, actor, object, rid));
      if (errors.length > 0) throw refusal;
    });
  } catch (error) {
    if (error !== refusal) throw error;
  }
  return errors;
}
