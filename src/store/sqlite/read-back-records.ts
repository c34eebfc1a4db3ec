import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { WrittenEntry } from '../../sync/ports/outbox-entry.ts';
import { prepared } from './prepared.ts';

const written = 'o.key, o.op, o.contact_id AS contactId';
const isUnshown = 'o.read_back_due = 1 AND o.unshown_at IS NOT NULL';

export function listReadBackDue(db: Connection, object: string, limit: number): WrittenEntry[] {
  return prepared(
    db,
    `SELECT ${written} FROM outbox o
     WHERE o.object = ? AND o.read_back_due = 1 AND o.unshown_at IS NULL ORDER BY o.seq LIMIT ?`,
  ).all(object, limit) as WrittenEntry[];
}

/** `at`: the org's time when they were asked for, ms since 1970. */
export function noteUnshown(db: Connection, keys: readonly string[], at: number): void {
  prepared(db, 'UPDATE outbox SET unshown_at = ? WHERE key IN (SELECT value FROM json_each(?))').run(
    isoTime(at),
    JSON.stringify(keys),
  );
}

/** See `UnshownEntries.due`. In the order of the only index that does not lead to all entries. */
export function listUnshownDue(
  db: Connection,
  object: string,
  before: number | null,
  limit: number,
): WrittenEntry[] {
  return prepared(
    db,
    `SELECT ${written} FROM outbox o LEFT JOIN contact c ON c.Id = o.contact_id LEFT JOIN contact_seen x ON x.id = c.Id
     WHERE o.object = :object AND ${isUnshown} AND (o.unshown_at < :before OR c._gone IS NOT NULL
       OR max(coalesce(x.at, ''), coalesce(c._read_at, '')) > o.unshown_at)
     ORDER BY o.contact_id LIMIT :limit`,
  ).all({ object, before: isoTime(before) ?? '', limit }) as WrittenEntry[];
}

export function listUnshownOf(db: Connection, object: string, ids: readonly string[]): WrittenEntry[] {
  return prepared(
    db,
    `SELECT ${written} FROM json_each(:ids) j CROSS JOIN outbox o ON o.contact_id = j.value
     WHERE o.object = :object AND ${isUnshown} ORDER BY o.seq`,
  ).all({ object, ids: JSON.stringify(ids) }) as WrittenEntry[];
}

export function countUnshown(db: Connection, object: string): number {
  return prepared(db, `SELECT count(DISTINCT o.contact_id) FROM outbox o WHERE o.object = ? AND ${isUnshown}`)
    .pluck()
    .get(object) as number;
}
