import { serverClocksMs } from '../../org/server-clocks.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { loadFields } from './contact-schema.ts';
import type { Values } from './local-entries.ts';
import { prepared } from './prepared.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import { jsonForm } from './written-value.ts';

/** Under which object the edits by SQL are. */
const object = 'Contact';
/** `Date` and the audit fields have whole seconds. */
const secondMs = 1_000;

const openEdits = "local = 1 AND state NOT IN ('done', 'dropped')";

/** SQL: the `order` of what `o` wrote. A creation stands before all else, and may be told as done long after its contact was seen. */
const wroteAt = `CASE WHEN o.op = 'create' AND o.upsert_field IS NULL THEN 0 ELSE o.done_order END`;

/** SQL: whether a request carries `l`, in the very terms of the indexes of what is open. */
const isSent = "l.state NOT IN ('done', 'dropped') AND l.state = 'sent'";

/** SQL: the same of an upsert, which may be of any contact, in the terms of theirs. */
const isUpsertSent = `l.local = 0 AND l.contact_id IS NULL AND l.upsert_field IS NOT NULL
             AND l.state NOT IN ('done', 'dropped') AND l.state <> 'rejected' AND l.state = 'sent'`;

/** SQL: the fields that these set; looked for once a statement, for a job may carry very many. */
const setByUpserts = `SELECT w.key FROM outbox l, json_each(l.changes) w WHERE ${isUpsertSent}`;

/** A call is waited for no longer; what took more was a job, or was settled without an answer of its own. */
const longestCallMs = 150_000;

interface Met {
  /** Place of what was written. */
  seq: number;
  op: string;
  job: string | null;
  written: string;
  sentAt: string;
  sentOrgAt: string;
  settledAt: string;
  changedAt: string | null;
  /** Null where the mirror does not have it. */
  madeAt: string | null;
  /** What the contact has now of the fields that were written, as JSON. */
  now: string;
}

/**
 * Triggers and flows of an org may save another value than was sent. What became of it is kept with what was written, for the
 * edits that were made before it was read back; where nobody but this user has changed the contact since the request, and no
 * later write of ours was done to the field, or may have been. What was read before the request is nothing that became of it: the contact may not
 * be shown any more. The caller holds the transaction, and the contacts are in the mirror.
 */
export function noteRewritten(db: Connection, keys: string): void {
  const any = prepared(db, `SELECT 1 FROM outbox WHERE ${openEdits} AND base_at IS NOT NULL LIMIT 1`);
  if (any.get() === undefined) return;
  const fields = loadFields(db, object).filter(({ current }) => current);
  if (!['LastModifiedById', 'LastModifiedDate'].every((name) => fields.some((field) => field.name === name)))
    return;
  const values = fields.map((field) => {
    const { name } = field;
    return `WHEN ${sqlText(name)} THEN ${jsonForm(field, `t.${quoteName(name)}`)}`;
  });
  const madeAt = fields.some(({ name }) => name === 'CreatedDate') ? 't.CreatedDate' : 'NULL';
  const met = prepared(
    db,
    `SELECT o.seq, o.op, o.job, o.changes AS written, o.sent_at AS sentAt, o.sent_org_at AS sentOrgAt,
       o.settled_at AS settledAt, t.LastModifiedDate AS changedAt, ${madeAt} AS madeAt,
       (SELECT json_group_object(j.key, json(CASE j.key ${values.join(' ')} END)) FROM json_each(o.changes) j
         WHERE j.key IN (SELECT name FROM field WHERE object = ${sqlText(object)} AND vanished = 0)
           AND NOT EXISTS (SELECT 1 FROM outbox l WHERE l.done_order > ${wroteAt} AND l.seq <> o.seq AND l.contact_id = t.Id
             AND json_type(l.changes, '$."' || j.key || '"') IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM outbox l WHERE l.contact_id = t.Id AND l.local = 0
             AND l.contact_id IS NOT NULL AND ${isSent} AND json_type(l.changes, '$."' || j.key || '"') IS NOT NULL)
           AND j.key NOT IN (${setByUpserts})
           AND NOT EXISTS (SELECT 1 FROM outbox l WHERE l.contact_key IN (o.contact_key, t._key, t.Id)
             AND l.local = 1 AND ${isSent} AND json_type(l.changes, '$."' || j.key || '"') IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM outbox l, json_each(l.lost_changes) v
             WHERE l.lost_changes IS NOT NULL AND l.seq > o.seq
               AND (l.contact_id = t.Id OR (l.contact_id IS NULL AND l.upsert_field IS NOT NULL))
               AND json_type(v.value, '$."' || j.key || '"') IS NOT NULL)) AS now
     FROM json_each(?) k CROSS JOIN outbox o ON o.key = k.value CROSS JOIN contact t ON t.Id = o.contact_id
     WHERE o.state = 'done' AND o.op <> 'delete' AND o.done_order IS NOT NULL
       AND o.sent_org_at IS NOT NULL AND o.sent_at IS NOT NULL
       AND substr(t.LastModifiedById, 1, 15) = substr(o.sent_by, 1, 15) AND t._read_at >= o.sent_org_at
       AND EXISTS (SELECT 1 FROM outbox WHERE ${openEdits} AND contact_key IN (o.contact_key, t._key, t.Id))`,
  ).all(keys) as Met[];
  const note = prepared(db, 'UPDATE outbox SET became = ? WHERE seq = ?');
  for (const row of met) {
    if (!isOwnChange(row)) continue;
    const now = JSON.parse(row.now) as Values;
    const written = Object.entries(JSON.parse(row.written) as Values);
    const rewritten = written.filter(([name, value]) => name in now && now[name] !== value);
    if (rewritten.length === 0) continue;
    note.run(JSON.stringify(Object.fromEntries(rewritten.map(([name]) => [name, now[name]]))), row.seq);
  }
}

/**
 * Whether the contact was changed last while the request was under way, by the org's clock. A creation may be settled long
 * after it: then the time of the making tells. When in a long job a record was saved, nothing tells.
 */
function isOwnChange({ op, job, sentAt, sentOrgAt, settledAt, changedAt, madeAt }: Met): boolean {
  if (changedAt === null) return false;
  const changed = Date.parse(changedAt);
  const sent = Date.parse(sentOrgAt);
  const tookMs = Math.max(0, Date.parse(settledAt) - Date.parse(sentAt));
  if (changed < sent - secondMs - serverClocksMs || changed > sent + tookMs + secondMs) return false;
  if (tookMs <= longestCallMs) return true;
  if (op === 'create') return madeAt !== null && changed <= Date.parse(madeAt) + serverClocksMs;
  return job === null;
}
