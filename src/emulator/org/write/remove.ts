import type { Actor } from '../../engine/actor.ts';
import {
  currentRow,
  isVisible,
  type OrgState,
  type RowKey,
  rowKey,
  stampNow,
} from '../../engine/org-state.ts';
import type { SaveResult } from '../../engine/save-result.ts';
import { OrgFault } from '../../schema/fault.ts';
import type { SqlValue } from '../../schema/field.ts';
import { quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { failure, lockError, modifiedBy, success, writeable } from './dml.ts';
import { saveError } from './value-error.ts';

export function deleteRecord(
  state: OrgState,
  actor: Actor,
  id: string,
  options: { object?: ObjectSchema | undefined; hard?: boolean | undefined },
): SaveResult {
  const found = writeable(state, actor, id, options.object);
  if ('errors' in found) return found;
  const { key } = found;
  if (!key.object.document.deletable) {
    throw new OrgFault(
      'INVALID_TYPE_FOR_OPERATION',
      `entity type ${key.object.name} does not support delete`,
    );
  }
  // Children go first, so that none is ever seen without its parent.
  for (const child of cascading(state, key, 0)) {
    const refused = lockError(state, child);
    if (refused) return refused;
    removeRow(state, actor, child, options.hard === true);
  }
  removeRow(state, actor, key, options.hard === true);
  return success(key.id);
}

function removeRow(state: OrgState, actor: Actor, key: RowKey, hard: boolean): void {
  const { object, rid } = key;
  const { set, at } = modifiedBy(state, actor, object);
  const change =
    hard || !object.field('IsDeleted')
      ? ({ kind: 'purge', object, rid, set: {}, at } as const)
      : ({ kind: 'delete', object, rid, set: { ...set, IsDeleted: 1 }, at } as const);
  state.commits.submit(change, state.clock.now());
}

/** Live (or deleted) rows that go with their parent, deepest first. */
function cascading(state: OrgState, parent: RowKey, isDeleted: 0 | 1, at?: string): RowKey[] {
  const rows: RowKey[] = [];
  for (const { childSObject, field, cascadeDelete } of parent.object.children) {
    const object = state.schema.find(childSObject);
    if (!cascadeDelete || !object?.field('IsDeleted')) continue;
    state.storage.ensureIndex(object, field, 'all');
    const found = state.storage.all<{ _rid: number; Id: string }>(
      `select _rid, "Id" from ${quoted(object.name)} where ${quoted(field)} = ? and "IsDeleted" = ?${at === undefined ? '' : ' and "SystemModstamp" = ?'}`,
      at === undefined ? [parent.id, isDeleted] : [parent.id, isDeleted, at],
    );
    for (const row of found) {
      const key = { object, rid: row._rid, id: row.Id };
      rows.push(...cascading(state, key, isDeleted, at), key);
    }
  }
  return rows;
}

export function undeleteRecord(state: OrgState, actor: Actor, id: string): SaveResult {
  const key = rowKey(state, id);
  const row = key && isVisible(state, key, actor.userId) ? currentRow(state, key) : undefined;
  if (!key || !row)
    return failure([saveError('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')], 404);
  if (!row.IsDeleted) {
    return failure([saveError('UNDELETE_FAILED', `Entity is not in the recycle bin: ${key.id}`)]);
  }
  const refused = lockError(state, key);
  if (refused) return refused;
  restore(state, actor, key);
  // What was deleted with it comes back with it.
  for (const child of cascading(state, key, 1, row.SystemModstamp as string)) restore(state, actor, child);
  return success(key.id);
}

function restore(state: OrgState, actor: Actor, { object, rid }: RowKey): void {
  const { set, at } = modifiedBy(state, actor, object);
  const restored: Record<string, SqlValue> = { ...set, IsDeleted: 0 };
  if (object.field('MasterRecordId')) restored.MasterRecordId = null;
  const change = { kind: 'undelete', object, rid, set: restored, at } as const;
  state.commits.submit(change, state.clock.now());
}

/** Hard delete of a row, live or in the Recycle Bin. */
export function purgeRecord(state: OrgState, id: string): SaveResult {
  const key = rowKey(state, id);
  if (!key || !currentRow(state, key)) {
    return failure([saveError('NOT_FOUND', 'The requested resource does not exist')], 404);
  }
  const refused = lockError(state, key);
  if (refused) return refused;
  const { object, rid } = key;
  state.commits.submit({ kind: 'purge', object, rid, set: {}, at: stampNow(state) }, state.clock.now());
  return success(key.id);
}
