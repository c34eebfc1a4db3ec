import type { Connection } from '../../sqlite/connection.ts';
import type { GivingEntry } from '../../sync/ports/outbox-entry.ts';
import { prepared } from './prepared.ts';
import { sqlText } from './sql-text.ts';

const isOpen = "state NOT IN ('done', 'dropped')";

export function hasUpserts(db: Connection, object: string): boolean {
  const found = prepared(
    db,
    `SELECT 1 FROM outbox WHERE local = 0 AND contact_id IS NULL AND upsert_field IS NOT NULL
       AND ${isOpen} AND state <> 'rejected' AND +object = ? LIMIT 1`,
  ).get(object);
  return found !== undefined;
}

/** See `Outbox.giving`. One part for each index, so that none of them leads to more than these contacts' own. */
export function listGiving(
  db: Connection,
  object: string,
  { fields, contacts, before }: { fields: readonly string[]; contacts: readonly string[]; before: number },
): GivingEntry[] {
  if (fields.length === 0 || contacts.length === 0) return [];
  const gives = fields
    .map((name) => `json_type(o.changes, ${sqlText(`$."${name}"`)}) IS NOT NULL`)
    .join(' OR ');
  const part = (column: string, condition: string) =>
    `SELECT o.seq, o.contact_key AS contactKey, o.contact_id AS contactId, o.changes
     FROM named n CROSS JOIN outbox o ON o.${column} = n.name
     WHERE o.${condition} AND +o.object = :object AND +o.seq < :before AND o.op <> 'delete' AND (${gives})`;
  const rows = prepared(
    db,
    `WITH named AS MATERIALIZED (
       SELECT value AS name FROM json_each(:contacts)
       UNION SELECT t._key FROM json_each(:contacts) j CROSS JOIN contact t ON t.Id = j.value WHERE t._key IS NOT NULL
       UNION SELECT t.Id FROM json_each(:contacts) j CROSS JOIN contact t ON t._key = j.value
     )
     ${part('contact_key', `local = 1 AND o.${isOpen} AND o.state <> 'rejected'`)}
     UNION ${part('contact_key', 'local = 1 AND o.read_back_due = 1')}
     UNION ${part('contact_id', `local = 0 AND o.contact_id IS NOT NULL AND o.${isOpen} AND o.state <> 'rejected'`)}
     UNION ${part('contact_id', "local = 0 AND o.read_back_due = 1 AND (o.op <> 'create' OR o.upsert_field IS NOT NULL)")}
     ORDER BY seq`,
  ).all({ object, before, contacts: JSON.stringify(contacts) }) as (Omit<GivingEntry, 'changes'> & {
    changes: string;
  })[];
  return rows.map((row) => ({ ...row, changes: JSON.parse(row.changes) as Record<string, unknown> }));
}
