import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ContactCounts, ContactState, ReadBefore } from '../../sync/ports/contact-store.ts';
import type { Gone } from '../../sync/ports/page.ts';
import { readMeta, writeMeta } from './meta.ts';

const latestReadKey = 'latest_read_at';

export function countContacts(db: Connection): ContactCounts {
  const count = (sql: string) => db.prepare(sql).pluck().get() as number;
  const deleted = count('SELECT count(*) FROM contact WHERE _gone IS NOT NULL');
  return { contacts: count('SELECT count(*) FROM contact') - deleted, deleted };
}

export function readStates(db: Connection, ids: readonly string[]): Map<string, ContactState> {
  const rows = db
    .prepare(
      `SELECT c.Id, c._gone, coalesce(c.SystemModstamp, c._deleted_stamp), c._deleted_stamp FROM json_each(?) j
       CROSS JOIN contact c ON c.Id = j.value`,
    )
    .raw()
    .all(JSON.stringify(ids)) as [
    id: string,
    gone: Gone | null,
    stamp: string | null,
    deletedStamp: string | null,
  ][];
  return new Map(rows.map(([id, gone, stamp, deletedStamp]) => [id, { gone, stamp, deletedStamp }]));
}

export function listReadBefore(
  db: Connection,
  before: number,
  { after, limit }: { after: number; limit: number },
): ReadBefore {
  const rows = db
    .prepare(
      `SELECT c.rowid, c.Id, coalesce(max(x.at, c._read_at), x.at, c._read_at, '1970') AS last_read
       FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id
       WHERE c.rowid > ? AND c._gone IS NULL AND last_read < ? ORDER BY c.rowid LIMIT ?`,
    )
    .raw()
    .all(after, isoTime(before), limit) as [rowid: number, id: string, at: string][];
  return {
    rows: rows.map(([, id, at]) => ({ id, readAt: Date.parse(at) })),
    next: rows.length < limit ? null : rows.at(-1)![0],
  };
}

export function listNotReadSince(db: Connection, ids: readonly string[], since: number): string[] {
  return db
    .prepare(
      `SELECT j.value FROM json_each(?) j LEFT JOIN contact c ON c.Id = j.value LEFT JOIN contact_seen x ON x.id = c.Id
       WHERE max(coalesce(x.at, ''), coalesce(c._read_at, '')) < ? ORDER BY j.key`,
    )
    .pluck()
    .all(JSON.stringify(ids), isoTime(since)) as string[];
}

export function readLatestReadAt(db: Connection): number | undefined {
  const at = readMeta(db, latestReadKey);
  return at === null ? undefined : Number(at);
}

/** For times behind `after`, which the org had not reached: they count as `at`. */
export function forgetReadAt(db: Connection, after: number, at: number): void {
  if ((readLatestReadAt(db) ?? 0) > after) writeMeta(db, latestReadKey, String(at));
}

/** So that the org's clock, which each process learns anew, never runs behind what is stored. */
export function rememberReadAt(db: Connection, at: number): void {
  if (at > (readLatestReadAt(db) ?? 0)) writeMeta(db, latestReadKey, String(at));
}

/** Salesforce's own rows have Ids of 18 characters. */
export function listStrayIds(db: Connection, prefix: string): string[] {
  return db
    .prepare(
      `SELECT CAST(Id AS TEXT) FROM contact
       WHERE _gone IS NULL AND (length(Id) <> 18 OR Id NOT GLOB ? || '*' OR Id GLOB '*[^A-Za-z0-9]*')
       ORDER BY Id LIMIT 100`,
    )
    .pluck()
    .all(prefix) as string[];
}
