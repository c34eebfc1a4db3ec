import type { Brake, IntakeCommit } from '../../sync/ports/outbox-intake.ts';
import type { Connection } from './connection.ts';

/** What still waits for Salesforce or for a person, and that nobody has said yes to. */
const openUnapproved = `approved = 0 AND state IN ('pending', 'sent', 'in-doubt', 'held', 'conflict')`;

/**
 * Makes entries of everything in the attached database `intake`; the caller holds the transaction. What others
 * have queued counts towards the brake too: two pushes of a hundred deletes are two hundred.
 */
export function commitIntake(db: Connection, brake: Brake): IntakeCommit {
  const count = (sql: string) => db.prepare(sql).pluck().get() as number;
  const added = (op: string) => count(`SELECT count(*) FROM intake.entry WHERE op = '${op}'`);
  const open = (op: string) => count(`SELECT count(*) FROM outbox WHERE op = '${op}' AND ${openUnapproved}`);
  const contacts = () =>
    count('SELECT count(*) FROM contact') - count('SELECT count(*) FROM contact WHERE _gone IS NOT NULL');
  const deletes = added('delete');
  const edits = added('update');
  const holdDeletes = deletes > 0 && deletes + open('delete') > brake.deletes;
  const allEdits = edits === 0 ? 0 : edits + open('update');
  const holdEdits = allEdits > brake.edits && allEdits > contacts() * brake.editsShare;
  db.prepare(
    `INSERT INTO main.outbox (key, op, contact_key, contact_id, changes, base, state, upsert_field,
       allow_duplicates, atomic_group, created_at)
     SELECT key, op, contact_key, contact_id, changes, base,
       CASE WHEN (op = 'delete' AND :holdDeletes) OR (op = 'update' AND :holdEdits) THEN 'held' ELSE 'pending' END,
       upsert_field, allow_duplicates, atomic_group, created_at
     FROM intake.entry ORDER BY seq`,
  ).run({ holdDeletes: holdDeletes ? 1 : 0, holdEdits: holdEdits ? 1 : 0 });
  return { heldDeletes: holdDeletes ? deletes : 0, heldEdits: holdEdits ? edits : 0 };
}
