import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ObjectDescribe } from '../../sync/ports/field.ts';
import type { SchemaChange } from '../../sync/ports/schema-store.ts';
import { adjustView, storeDescribe } from './contact-schema.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';

const describedKey = objectKey('described_at');
const lastModifiedKey = objectKey('describe_last_modified');

export function readDescribedAt(
  db: Connection,
  object: string,
): { lastModified: string | null; at: number } | null {
  const at = readMeta(db, describedKey(object));
  return at === null ? null : { lastModified: readMeta(db, lastModifiedKey(object)), at: Date.parse(at) };
}

export function confirmDescribe(db: Connection, object: string, at: number): void {
  writeMeta(db, describedKey(object), isoTime(at));
  // Any program may have dropped it.
  adjustView(db, object);
}

export function applyDescribe(
  db: Connection,
  object: string,
  describe: ObjectDescribe,
  at: number,
  only: readonly string[] | undefined,
): SchemaChange {
  const change = storeDescribe(db, object, describe, only);
  writeMeta(db, lastModifiedKey(object), describe.lastModified);
  confirmDescribe(db, object, at);
  return change;
}
