import { AppError } from '../../base/errors.ts';
import { isoTime } from '../../base/iso-time.ts';
import { sameId } from '../../org/record-id.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { keepShownIds, keysToCome } from './adopt-keys.ts';
import { adjustView } from './contact-schema.ts';
import { dropSearchIndex } from './drop-search-index.ts';
import { fencePrefix } from './fence-records.ts';
import { quoteName } from './quote-name.ts';
import { makeAgain, schemaParts } from './schema-parts.ts';
import { sqlText } from './sql-text.ts';
import { markAllLocalDue, twoWayKeys } from './two-way-records.ts';

/** What a copy of the org is made of; all else of a mirror (outbox, runs, calls) is this machine's own and stays. */
const copiedTables = ['contact', 'contact_seen'] as const;
/** The same, of what is kept for each object apart. */
const copiedByObject = ['field', 'cursor'] as const;
/** Names the archive that the copy's making has begun; of no meaning in a mirror. */
export const archiveKey = 'archive';

export interface Replacement {
  /** ms since 1970. */
  at: number;
  /** Although open entries of the outbox name contacts of another org, so that they cannot go on. */
  force: boolean;
}

/**
 * Puts the contents of the attached database `fresh`, a complete copy, in place of the mirror's. The caller holds the
 * transaction, which readers see whole or not at all, whatever they have open; and because it is one transaction with
 * whoever queues, no entry of the outbox can get lost in between.
 */
export function replaceContents(db: Connection, object: string, { at, force }: Replacement): void {
  const isOther = isOtherOrg(db);
  if (isOther) leaveOutbox(db, force);
  if (!isOther) keepShownIds(db);
  const keys = isOther ? [] : [...keptKeys(db), ...keysToCome(db)];
  db.exec('DROP VIEW IF EXISTS main.contacts');
  dropSearchIndex(db);
  const before = schemaParts(db);
  for (const table of copiedTables) {
    db.exec(`DROP TABLE main.${table}`);
    recreate(db, table);
    db.exec(`INSERT INTO main.${table} SELECT * FROM fresh.${table}`);
  }
  for (const table of copiedByObject) {
    db.prepare(`DELETE FROM main.${table} WHERE :isOther OR object = :object`).run({
      isOther: isOther ? 1 : 0,
      object,
    });
    db.prepare(`INSERT INTO main.${table} SELECT * FROM fresh.${table} WHERE object = ?`).run(object);
  }
  const restore = db.prepare('UPDATE main.contact SET _key = ? WHERE Id = ?');
  for (const [id, key] of keys) restore.run(key, id);
  // Indices and triggers of people; their triggers are not for the copying.
  const present = new Set(schemaParts(db).map(({ name }) => name));
  makeAgain(
    db,
    before.filter(({ name }) => !present.has(name)),
  );
  replaceMeta(db, isOther ? null : object);
  adjustView(db, object);
  markAllLocalDue(db);
  endOldWork(db, object, at);
  for (const [table, key] of [
    ['run', 'seq'],
    ['run_step', 'id'],
    ['chunk', 'id'],
  ] as const)
    append(db, table, key);
}

function isOtherOrg(db: Connection): boolean {
  const orgOf = (schema: string) =>
    db.prepare(`SELECT value FROM ${schema}.meta WHERE key = 'org_id'`).pluck().get() as string | undefined;
  const [old, now] = [orgOf('main'), orgOf('fresh')];
  return old !== undefined && now !== undefined && !sameId(old, now);
}

/** Entries for another org must never be sent to this one. They are in the archive. */
function leaveOutbox(db: Connection, force: boolean): void {
  const open = countOpen(db);
  if (open > 0 && !force) throw outboxOpen(open, 'for the org that was here before');
  db.exec(
    'DELETE FROM main.outbox; DELETE FROM main.push; DELETE FROM main.api_call; DELETE FROM main.contact_local',
  );
}

const isOpen = "state IN ('pending', 'sent', 'in-doubt', 'held', 'conflict')";

/** Entries that a settled outbox would not have. */
export function countOpen(db: Connection): number {
  return countEntries(db, isOpen);
}

/** The same, and edits by programs that Salesforce has refused, for no input of a push names them. */
export function countToKeep(db: Connection): number {
  return countEntries(db, `${isOpen} OR (state = 'rejected' AND local = 1)`);
}

function countEntries(db: Connection, condition: string): number {
  return db.prepare(`SELECT count(*) FROM outbox WHERE ${condition}`).pluck().get() as number;
}

export function outboxOpen(open: number, whose: string): AppError {
  return new AppError(
    'OUTBOX_OPEN',
    `${open} ${open === 1 ? 'entry' : 'entries'} of the outbox ${open === 1 ? 'is' : 'are'} ${whose}, and not settled yet.`,
    {
      hint: 'Look at them with `parahack-sync outbox list`, then run `parahack-sync backfill --fresh --force`: it archives them with the old mirror.',
      details: { open },
    },
  );
}

/** The names by which an application knows contacts that it pushed; the org does not have them. */
function keptKeys(db: Connection): [id: string, key: string][] {
  return db.prepare('SELECT Id, _key FROM main.contact WHERE _key IS NOT NULL').raw().all() as [
    string,
    string,
  ][];
}

/** Makes what belongs to `table` (itself, its indices, a view's triggers) as it is in the copy. */
function recreate(db: Connection, table: string): void {
  const statements = db
    .prepare(
      `SELECT sql FROM fresh.sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL
       ORDER BY type NOT IN ('table', 'view'), rowid`,
    )
    .pluck()
    .all(table) as string[];
  for (const sql of statements) db.exec(sql);
}

/**
 * `object`: what is kept for others of them stays; null: nothing does. What a person has set stays. So do the fences, and those that the copy alone
 * has seen come with it: whoever holds the lease now may have worked on the copy and not on the mirror yet.
 */
function replaceMeta(db: Connection, object: string | null): void {
  const kept = Object.values(twoWayKeys).map(sqlText).join(', ');
  const isFence = `substr(key, 1, ${fencePrefix.length}) = '${fencePrefix}'`;
  db.prepare(
    `DELETE FROM main.meta WHERE NOT ${isFence} AND key NOT IN (${kept}) AND (:object IS NULL
       OR instr(key, '.') = 0 OR substr(key, instr(key, '.') + 1) = :object)`,
  ).run({ object });
  db.exec(`
    INSERT OR IGNORE INTO main.meta SELECT * FROM fresh.meta WHERE key <> '${archiveKey}' AND NOT ${isFence};
    INSERT INTO main.meta SELECT * FROM fresh.meta WHERE ${isFence}
      ON CONFLICT (key) DO UPDATE SET value = excluded.value
      WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER);
  `);
}

/** What was never finished has nothing to go on with any more: the rows that it has read or compared are others now. */
function endOldWork(db: Connection, object: string, at: number): void {
  db.prepare("DELETE FROM main.chunk WHERE object = ? AND state = 'pending'").run(object);
  db.prepare(
    `UPDATE main.run SET status = 'interrupted', finished_at = ?, error_code = 'INTERRUPTED',
       error_message = 'Another copy of the org took its place.'
     WHERE object = ? AND kind = 'backfill' AND status = 'running'`,
  ).run(isoTime(at), object);
  db.prepare(
    `UPDATE main.run SET state = json_set(state, '$.overtaken', json('true'))
     WHERE object = ? AND kind = 'reconcile' AND status <> 'complete'`,
  ).run(object);
}

/** Adds the copy's rows behind the mirror's own, numbered anew. */
function append(db: Connection, table: string, numbered: string): void {
  const names = columnsOf(db, 'main', table)
    .filter((name) => name !== numbered)
    .map(quoteName)
    .join(', ');
  db.exec(`INSERT INTO main.${table} (${names}) SELECT ${names} FROM fresh.${table} ORDER BY ${numbered}`);
}

function columnsOf(db: Connection, schema: string, table: string): string[] {
  return db.prepare('SELECT name FROM pragma_table_info(?, ?)').pluck().all(table, schema) as string[];
}
