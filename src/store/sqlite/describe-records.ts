import { isoTime } from '../../base/iso-time.ts';
import type { ContactDescribe } from '../../sync/ports/field.ts';
import type { SchemaChange } from '../../sync/ports/schema-store.ts';
import type { Connection } from './connection.ts';
import { storeDescribe } from './contact-schema.ts';
import { readMeta, writeMeta } from './meta.ts';

const describedKey = 'described_at';
const lastModifiedKey = 'describe_last_modified';

export function readDescribedAt(db: Connection): { lastModified: string | null; at: number } | null {
  const at = readMeta(db, describedKey);
  return at === null ? null : { lastModified: readMeta(db, lastModifiedKey), at: Date.parse(at) };
}

export function confirmDescribe(db: Connection, at: number): void {
  writeMeta(db, describedKey, isoTime(at));
}

export function applyDescribe(
  db: Connection,
  describe: ContactDescribe,
  at: number,
  only: readonly string[] | undefined,
): SchemaChange {
  const change = storeDescribe(db, describe, only);
  writeMeta(db, lastModifiedKey, describe.lastModified);
  confirmDescribe(db, at);
  return change;
}
