import type { Connection } from '../../sqlite/connection.ts';
import { prepared } from './prepared.ts';

/**
 * Lets contacts that Salesforce has made be found by the keys that the application knows them by. A key is one
 * contact's: one that was made once more takes it from the one that is gone, which may be restored some day; where the
 * first lives, the other goes by its Id. `pairs`: SQL that answers at most `most` rows of `id` and `key`, and takes
 * `parameters`.
 */
export function adoptKeys(
  db: Connection,
  { pairs, most }: { pairs: string; most: number },
  ...parameters: unknown[]
): void {
  const adopt = prepared(
    db,
    `UPDATE contact SET _key = p.key FROM (${pairs}) p
     WHERE contact.Id = p.id AND contact._key IS NULL
       AND NOT EXISTS (SELECT 1 FROM contact c WHERE c._key = p.key)`,
  );
  // Hardly a key was another contact's before, so that is looked for where some are left.
  if (adopt.run(...parameters).changes === most) return;
  const { changes: freed } = prepared(
    db,
    `UPDATE contact SET _key = NULL FROM (${pairs}) p
     WHERE contact._key = p.key AND contact.Id <> p.id AND contact._gone IS NOT NULL`,
  ).run(...parameters);
  if (freed > 0) adopt.run(...parameters);
}

/**
 * SQL: whether the outbox knows by entry `o` that a push has made its contact, which then goes by the push's key where the
 * mirror does not show it yet. A key that a program has given to a row of its own meanwhile is that one's.
 */
const isMadeByPush = `o.op = 'create' AND o.contact_id IS NOT NULL AND o.local = 0 AND o.state = 'done'
  AND o.contact_key <> o.contact_id AND (o.upsert_field IS NULL OR o.created = 1)
  AND NOT EXISTS (SELECT 1 FROM contact_local l WHERE l._key = o.contact_key AND l.Id IS NOT o.contact_id)`;

/** What `adoptKeysOfNew` tells new rows by, before any is written; null where no entry has made a contact. */
export function lastBeforeNew(db: Connection): number | null {
  // The terms of the index `outbox_made`.
  const any = prepared(db, "SELECT 1 FROM outbox WHERE op = 'create' AND contact_id IS NOT NULL LIMIT 1");
  return any.get() === undefined ? null : lastRow(db);
}

/**
 * Gives the rows that this transaction has added the keys of the pushes that made them: a key never changes once it was
 * shown, so that it is there with the row or not at all. `before`: of `lastBeforeNew`.
 */
export function adoptKeysOfNew(db: Connection, before: number | null): void {
  if (before === null) return;
  const added = lastRow(db) - before;
  if (added === 0) return;
  // By their numbers, however many were there before.
  const made = `FROM contact t NOT INDEXED CROSS JOIN outbox o ON o.contact_id = t.Id WHERE t.rowid > ? AND ${isMadeByPush}`;
  // Of most pages that a pull brings none is.
  if (prepared(db, `SELECT 1 ${made} LIMIT 1`).get(before) === undefined) return;
  const pairs = `SELECT t.Id AS id, o.contact_key AS key, min(o.seq) ${made} GROUP BY t.rowid`;
  adoptKeys(db, { pairs, most: added }, before);
}

/** A row that is added gets the next number, for none is ever deleted. */
function lastRow(db: Connection): number {
  return prepared(db, 'SELECT coalesce(max(rowid), 0) FROM contact').pluck().get() as number;
}

/** The keys of contacts that pushes have made and `main` does not have yet; of several of one contact the first one's comes last. */
export function keysToCome(db: Connection): [id: string, key: string][] {
  const find = db.prepare(
    `SELECT o.contact_id, o.contact_key FROM main.outbox o
     WHERE ${isMadeByPush} AND NOT EXISTS (SELECT 1 FROM main.contact c WHERE c.Id = o.contact_id)
       AND NOT EXISTS (SELECT 1 FROM main.contact c WHERE c._key = o.contact_key)
     ORDER BY o.seq DESC`,
  );
  return find.raw().all() as [string, string][];
}

/** What `main` shows by its Id already is not given a key by its read-back, although the rows are replaced before it. */
export function keepShownIds(db: Connection): void {
  db.exec(
    `UPDATE main.outbox SET contact_key = contact_id WHERE read_back_due = 1 AND local = 0 AND op = 'create'
       AND EXISTS (SELECT 1 FROM main.contact c WHERE c.Id = contact_id AND c._key IS NULL)`,
  );
}

/**
 * The row that a creation by SQL has shown all along, and the one that a pull may have brought, are one. `entries`: their
 * keys as JSON, `most` of them.
 */
export function adoptKeysOfCreations(db: Connection, entries: string, most: number): void {
  const any = prepared(db, 'SELECT 1 FROM outbox WHERE local = 1 AND read_back_due = 1 LIMIT 1');
  if (any.get() === undefined) return;
  const pairs = `SELECT o.contact_id AS id, o.contact_key AS key, min(o.seq)
    FROM json_each(?) k CROSS JOIN outbox o ON o.key = k.value
    WHERE o.local = 1 AND o.op = 'create' AND o.contact_key <> o.contact_id GROUP BY o.contact_id`;
  adoptKeys(db, { pairs, most }, entries);
}
