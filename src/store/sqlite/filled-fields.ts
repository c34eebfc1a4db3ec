import type { Connection } from '../../sqlite/connection.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { storedJson } from './stored-json.ts';

const filledKey = objectKey('filled_fields');

/** By name, the org's time when its filling began, ms since 1970. See `SchemaStore.filledSinceReconcile`. */
export function filledFields(db: Connection, object: string): Record<string, number> {
  return (storedJson(readMeta(db, filledKey(object)) ?? '{}') ?? {}) as Record<string, number>;
}

export function noteFilled(
  db: Connection,
  object: string,
  { fields, at }: { fields: readonly string[]; at: number },
): void {
  const filled = filledFields(db, object);
  for (const name of fields) filled[name] = at;
  writeMeta(db, filledKey(object), JSON.stringify(filled));
}

/** A reconcile that began at `before` has read those that were filled by then for every contact. */
export function forgetFilled(db: Connection, object: string, { before }: { before: number }): void {
  const filled = Object.entries(filledFields(db, object));
  const left = filled.filter(([, at]) => at >= before);
  if (left.length < filled.length) writeMeta(db, filledKey(object), JSON.stringify(Object.fromEntries(left)));
}
