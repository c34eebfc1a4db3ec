import { serverClocksMs } from '../../org/server-clocks.ts';
import type { StoredColumn } from '../fields/stored-column.ts';

// Parts of the triggers on the view `contacts`: OLD is the row that a program edits.

/** SQL: of the contact that a trigger speaks of, an entry by SQL that has not come to its end. */
export const open = `local = 1 AND contact_key = OLD._key AND state NOT IN ('done', 'dropped')`;
/** What no request may have carried, or Salesforce or a person has given back. */
export const unsent = `(state IN ('held', 'rejected', 'conflict') OR (state = 'pending' AND sent_at IS NULL))`;
/**
 * SQL: whether `t` is a contact that the creation `c` may have made, as far as its columns say. Where a person has said that
 * it was not sent, or it was sent again since, they do not tell when and as whom that was. The terms of `outbox_local`.
 */
const mayBeMade = `c.local = 1 AND c.state NOT IN ('done', 'dropped') AND c.op = 'create' AND c.contact_id IS NULL
    AND c.attempts > 0 AND (c.attempts > 1 OR c.sent_at IS NULL OR (substr(t.CreatedById, 1, 15) = substr(c.sent_by, 1, 15)
      AND t.CreatedDate >= strftime('%Y-%m-%dT%H:%M:%S', c.sent_org_at, '-${serverClocksMs / 1_000} seconds')))`;
/** SQL: whether `o` was edited behind the entry in question, and waits. */
const isBehind = `o.local = 1 AND o.op <> 'create' AND o.state NOT IN ('done', 'dropped') AND +o.seq > outbox.seq`;
/**
 * SQL: whether what was edited behind this entry may be of the same contact, by the other of two names: its Id, and the key
 * of a creation whose answer never came. Then the two stay in their order. Of an entry by such a key, and of one by an Id.
 */
const isOvertaken = `CASE WHEN outbox.op = 'create' THEN 0
  WHEN outbox.contact_id IS NULL THEN EXISTS (SELECT 1 FROM outbox c CROSS JOIN outbox o CROSS JOIN contact t
    WHERE c.contact_key = outbox.contact_key AND ${isBehind} AND t.Id = o.contact_key AND ${mayBeMade})
  ELSE EXISTS (SELECT 1 FROM outbox o CROSS JOIN outbox c CROSS JOIN contact t
    WHERE ${isBehind} AND o.contact_id IS NULL AND c.contact_key = o.contact_key AND t.Id = outbox.contact_key
      AND ${mayBeMade}) END`;
/**
 * SQL: whether a push of the contact waits behind the entry in question, which must not overtake it with what was written
 * later. Any upsert may be of it. A refused push is sent by a person's later word alone. The very terms of the indexes
 * `outbox_pushed` and `outbox_upserted`.
 */
const isPushedOver = `(EXISTS (SELECT 1 FROM outbox p WHERE p.contact_id = OLD.Id AND p.local = 0
    AND p.contact_id IS NOT NULL AND p.state NOT IN ('done', 'dropped') AND p.state <> 'rejected' AND +p.seq > outbox.seq)
  OR EXISTS (SELECT 1 FROM outbox p WHERE p.seq > outbox.seq AND p.local = 0 AND p.contact_id IS NULL
    AND p.upsert_field IS NOT NULL AND p.state NOT IN ('done', 'dropped') AND p.state <> 'rejected'))`;
/** SQL: the place of the contact's last entry, where no request may have carried it; a condition may follow. */
export const lastUnsent = `SELECT seq FROM outbox WHERE ${open} AND op <> 'delete' AND ${unsent}
  AND seq = (SELECT max(seq) FROM outbox WHERE ${open}) AND NOT ${isPushedOver}`;
/**
 * SQL: the place of the entry that an edit goes into. A mirror that does not keep who made a contact, and when, cannot tell
 * which one a creation may have made.
 */
export const foldInto = (columns: readonly StoredColumn[]) =>
  `(${lastUnsent}${keepsMaking(columns) ? ` AND NOT ${isOvertaken}` : ''})`;
/** SQL: whether the contact has no other open entry. */
export const isAlone = `(SELECT count(*) FROM outbox WHERE ${open}) = 1`;

/** Whether the mirror has what tells which contacts a creation may have made. */
function keepsMaking(columns: readonly StoredColumn[]): boolean {
  return ['CreatedById', 'CreatedDate'].every((name) => columns.some((column) => column.name === name));
}
