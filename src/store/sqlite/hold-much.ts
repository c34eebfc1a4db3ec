import type { Connection } from '../../sqlite/connection.ts';
import type { Brake } from '../../sync/ports/outbox-staging.ts';
import { openUnapproved } from './held-of-staged.ts';
import { prepared } from './prepared.ts';
import { upsertsThatEdit } from './upsert-edits.ts';

/** What programs have asked for, and no request may have carried yet. */
const unapprovedLocal = `object = :object AND local = 1 AND state NOT IN ('done', 'dropped') AND state = 'pending'
  AND sent_at IS NULL AND approved = 0`;

export function hasUnapprovedEdits(db: Connection, object: string): boolean {
  const found = prepared(
    db,
    `SELECT 1 FROM outbox INDEXED BY outbox_local WHERE ${unapprovedLocal} AND op <> 'create' LIMIT 1`,
  ).get({ object });
  return found !== undefined;
}

export function countOpenEdits(db: Connection): number {
  return prepared(
    db,
    `SELECT count(*) FROM outbox INDEXED BY outbox_local WHERE local = 1 AND state NOT IN ('done', 'dropped')`,
  )
    .pluck()
    .get() as number;
}

/**
 * Edits behind a refused one of their contact are looked at again, which an upsert that stood between them may have ended
 * without naming the contact.
 */
function joinRefused(db: Connection, object: string): void {
  prepared(
    db,
    `INSERT OR IGNORE INTO contact_due (_key, entry) SELECT r.contact_key, 0
     FROM outbox r INDEXED BY outbox_by_state WHERE r.object = ? AND r.state = 'rejected' AND r.local = 1
       AND EXISTS (SELECT 1 FROM outbox e WHERE e.contact_key = r.contact_key AND e.local = 1
         AND e.state NOT IN ('done', 'dropped') AND e.state = 'pending' AND e.seq > r.seq)`,
  ).run(object);
}

/** See `Outbox.holdMuch`: what pushes have queued counts too. The caller holds the transaction. */
export function holdMuch(
  db: Connection,
  object: string,
  brake: Brake,
): { heldDeletes: number; heldEdits: number } {
  joinRefused(db, object);
  const count = (sql: string) => db.prepare(sql).pluck().get({ object }) as number;
  const open = (op: string) =>
    count(`SELECT count(*) FROM outbox WHERE object = :object AND op = '${op}' AND ${openUnapproved}`);
  const hold = (op: string) =>
    db.prepare(`UPDATE outbox SET state = 'held' WHERE ${unapprovedLocal} AND op = '${op}'`).run({ object })
      .changes;
  const heldDeletes = open('delete') > brake.deletes ? hold('delete') : 0;
  const edits = open('update') + upsertsThatEdit(db, object, 'main.outbox', openUnapproved).count;
  const contacts = () =>
    count('SELECT count(*) FROM contact') - count('SELECT count(*) FROM contact WHERE _gone IS NOT NULL');
  const isMuch = edits > brake.edits && edits > contacts() * brake.editsShare;
  return { heldDeletes, heldEdits: isMuch ? hold('update') : 0 };
}
