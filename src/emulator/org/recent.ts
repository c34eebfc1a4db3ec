import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { runQuery } from '../engine/query-engine.ts';
import type { JsonObject } from '../schema/json.ts';

/** Rows that a user changed last, newest first, as `/recent` lists them: attributes, Id and the name field. */
export function recentRows(
  state: OrgState,
  actor: Actor,
  { apiVersion, limit }: { apiVersion: string; limit: number },
): JsonObject[] {
  const found: { record: JsonObject; at: string }[] = [];
  for (const object of state.schema.objects) {
    const name = object.nameField;
    if (!name || !object.document.mruEnabled || !object.field('LastModifiedById')) continue;
    if (object.isHidden(name)) continue;
    const soql = `SELECT Id, ${name.name}, LastModifiedDate FROM ${object.name} WHERE LastModifiedById = '${actor.userId}' ORDER BY LastModifiedDate DESC, Id DESC LIMIT ${limit}`;
    for (const { LastModifiedDate, ...record } of runQuery(state, actor, soql, { apiVersion }).records(
      0,
      limit,
    )) {
      found.push({ record, at: String(LastModifiedDate) });
    }
  }
  found.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  return found.slice(0, limit).map(({ record }) => record);
}
