import type { Connection } from '../../sqlite/connection.ts';
import type { Brake } from '../../sync/ports/outbox-staging.ts';
import { upsertsThatEdit } from './upsert-edits.ts';

/** What still waits for Salesforce or for a person, and that nobody has said yes to. */
export const openUnapproved = `approved = 0 AND state IN ('pending', 'sent', 'in-doubt', 'held', 'conflict')`;

/**
 * How many of the entries in the attached database `staging` are more than goes out unasked, and the SQL condition over
 * its rows for which ones. What others have queued counts towards the brake too: two pushes of a hundred deletes are two
 * hundred. The caller holds the transaction.
 */
export function heldOfStaged(
  db: Connection,
  object: string,
  brake: Brake,
): { heldDeletes: number; heldEdits: number; isHeld: string } {
  const count = (sql: string) => db.prepare(sql).pluck().get() as number;
  const added = (op: string) => count(`SELECT count(*) FROM staging.entry WHERE op = '${op}'`);
  const open = (op: string) =>
    db
      .prepare(`SELECT count(*) FROM main.outbox WHERE object = ? AND op = ? AND ${openUnapproved}`)
      .pluck()
      .get(object, op) as number;
  const contacts = () =>
    count('SELECT count(*) FROM contact') - count('SELECT count(*) FROM contact WHERE _gone IS NOT NULL');
  const deletes = added('delete');
  const edits = added('update');
  const holdDeletes = deletes > 0 && deletes + open('delete') > brake.deletes;
  const upserts = upsertsThatEdit(db, object, 'staging.entry');
  const newEdits = edits + upserts.count;
  const allEdits =
    newEdits === 0
      ? 0
      : newEdits + open('update') + upsertsThatEdit(db, object, 'main.outbox', openUnapproved).count;
  const holdEdits = allEdits > brake.edits && allEdits > contacts() * brake.editsShare;
  const isHeldEdit = `(${holdEdits} AND (op = 'update' OR key IN (${upserts.keys})))`;
  return {
    heldDeletes: holdDeletes ? deletes : 0,
    heldEdits: holdEdits ? count(`SELECT count(*) FROM staging.entry WHERE ${isHeldEdit}`) : 0,
    isHeld: `((op = 'delete' AND ${holdDeletes}) OR ${isHeldEdit})`,
  };
}
