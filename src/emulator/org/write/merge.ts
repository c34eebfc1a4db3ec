import type { Actor } from '../../engine/actor.ts';
import type { Change } from '../../engine/change.ts';
import type { OrgState, RowKey } from '../../engine/org-state.ts';
import type { SaveResult } from '../../engine/save-result.ts';
import { quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { failure, modifiedBy, success, writeable } from './dml.ts';
import { saveError } from './value-error.ts';

/** SOAP API, merge(): losers of one request. */
const LOSERS_AT_MOST = 2;

/**
 * Merges losers into a master: they are deleted with MasterRecordId set, and what referred to them refers to the
 * master (SOAP API, merge()).
 */
export function mergeRecords(
  state: OrgState,
  actor: Actor,
  request: { master: string; losers: readonly string[] },
): SaveResult {
  const invalid = (message: string) => failure([saveError('INVALID_OPERATION', message)]);
  if (request.losers.length === 0) return invalid('merge requires at least one record to merge');
  if (request.losers.length > LOSERS_AT_MOST) {
    return invalid(`merge can have at most ${LOSERS_AT_MOST} records to merge`);
  }
  const master = writeable(state, actor, request.master, undefined);
  if ('errors' in master) return master;
  const { object } = master.key;
  if (!object.document.mergeable) return invalid(`entity type ${object.name} does not support merge`);
  const losers: RowKey[] = [];
  for (const id of request.losers) {
    const loser = writeable(state, actor, id, object);
    if ('errors' in loser) return loser;
    if (loser.key.rid === master.key.rid) return invalid('cannot merge a record with itself');
    if (losers.some((other) => other.rid === loser.key.rid))
      return invalid('duplicate ids in the merge request');
    losers.push(loser.key);
  }
  return state.commits.transaction(() => {
    const stamps = modifiedBy(state, actor, object);
    const now = state.clock.now();
    for (const loser of losers) {
      moveChildren(state, actor, object, loser.id, master.key.id);
      const set: Change['set'] = { ...stamps.set, IsDeleted: 1 };
      if (object.field('MasterRecordId')) set.MasterRecordId = master.key.id;
      state.commits.submit({ kind: 'delete', object, rid: loser.rid, set, at: stamps.at }, now);
    }
    const touched = {
      kind: 'update',
      object,
      rid: master.key.rid,
      set: { ...stamps.set },
      at: stamps.at,
    } as const;
    state.commits.submit(touched, now);
    return success(master.key.id);
  });
}

function moveChildren(state: OrgState, actor: Actor, object: ObjectSchema, from: string, to: string): void {
  for (const { childSObject, field } of object.children) {
    const child = state.schema.find(childSObject);
    if (!child || field === 'MasterRecordId') continue;
    state.storage.ensureIndex(child, field);
    const live = child.field('IsDeleted') ? ' and "IsDeleted" = 0' : '';
    const rows = state.storage.all<{ _rid: number }>(
      `select _rid from ${quoted(child.name)} where ${quoted(field)} = ?${live}`,
      [from],
    );
    const stamps = modifiedBy(state, actor, child);
    for (const { _rid: rid } of rows) {
      const set = { ...stamps.set, [field]: to };
      state.commits.submit({ kind: 'update', object: child, rid, set, at: stamps.at }, state.clock.now());
    }
  }
}
