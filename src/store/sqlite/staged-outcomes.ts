import { membersOfJson } from '../../base/number-text.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxOp, OutboxState } from '../../sync/ports/outbox-entry.ts';
import type { OutcomeTally, StagingItem, StagingReject } from '../../sync/ports/outbox-staging.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';
import { prepared } from './prepared.ts';

/** A page of what became of records, behind the one whose place is `after`, each with its place. */
export type ListOutcomes<T> = (
  db: Connection,
  pushId: string | null,
  page: { after: number; limit: number },
) => { seq: number; item: T }[];

interface ItemRow {
  seq: number;
  source: string;
  place: number;
  line: number | null;
  key: string;
  op: OutboxOp;
  state: OutboxState | null;
  contact_id: string | null;
  created: number | null;
  errors: string;
}

interface RejectRow {
  seq: number;
  source: string;
  place: number;
  line: number | null;
  given: string;
  key: string | null;
  errors: string;
}

/**
 * What became of staged records. Before they are in the outbox (`pushId` null) the file alone is read, and nothing has become of
 * them; behind that `db` sees the outbox as `main` and the file as `staging`.
 */
export function tallyOutcomes(db: Connection, pushId: string | null): OutcomeTally[] {
  const rows = db
    .prepare(
      `SELECT ${opOf(pushId)}, ${outboxColumns(pushId, 'state', 'created')}, count(*) AS records
       FROM ${withOutbox(pushId)} GROUP BY 1, 2, 3`,
    )
    .all() as { op: OutboxOp; state: OutboxState | null; created: number | null; records: number }[];
  return rows.map((row) => ({ ...row, created: row.created === null ? null : row.created === 1 }));
}

/** Each record with its outcome, in the order of the input. */
export const listItems: ListOutcomes<StagingItem> = (db, pushId, { after, limit }) => {
  const columns = outboxColumns(pushId, 'state', 'contact_id', 'created', 'errors');
  const key = pushId === null ? 'e.key' : 'coalesce(o.key, e.key) AS key';
  const rows = prepared(
    db,
    `SELECT e.seq, e.source, e.place, e.line, ${key}, ${opOf(pushId)}, ${columns}
     FROM ${withOutbox(pushId)} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
  ).all(after, limit) as ItemRow[];
  return rows.map((row) => ({ seq: row.seq, item: itemOf(row) }));
};

/** Records that were kept as they were given and came to nothing: refused, or with faults. What a person has given up may be in Salesforce. */
export const listRejects: ListOutcomes<StagingReject> = (db, pushId, { after, limit }) => {
  const reasons =
    pushId !== null
      ? `o.key AS key, o.errors AS errors FROM ${withOutbox(pushId)}
         WHERE o.state = 'rejected'`
      : `e.replaces AS key, (SELECT json_group_array(json_object('code', f.code, 'message', f.message, 'fields',
         iif(f.field IS NULL, json_array(), json_array(f.field))) ORDER BY f.id)
        FROM fault f WHERE f.entry = e.seq) AS errors
       FROM entry e WHERE EXISTS (SELECT 1 FROM fault f WHERE f.entry = e.seq)`;
  const rows = prepared(
    db,
    `SELECT e.seq, e.source, e.place, e.line, e.given, ${reasons}
     AND e.given IS NOT NULL AND e.seq > ? ORDER BY e.seq LIMIT ?`,
  ).all(after, limit) as RejectRow[];
  return rows.map(({ seq, source, place, line, given, key, errors }) => ({
    seq,
    item: {
      source,
      index: place,
      line,
      given: membersOfJson(given),
      key,
      errors: JSON.parse(errors) as RecordError[],
    },
  }));
};

function itemOf(row: ItemRow): StagingItem {
  return {
    source: row.source,
    index: row.place,
    line: row.line,
    key: row.key,
    outcome:
      row.state === null
        ? null
        : {
            op: row.op,
            state: row.state,
            contactId: row.contact_id,
            created: row.created === null ? null : row.created === 1,
            errors: JSON.parse(row.errors) as RecordError[],
          },
  };
}

/** Each record with the entry that stands for it (`o`). */
function withOutbox(pushId: string | null): string {
  if (pushId === null) return 'entry e';
  // By place and not by key: the entries may be those of an equal push before this one.
  return `staging.entry e LEFT JOIN main.outbox own ON own.push_id = '${pushId}' AND own.push_place = e.seq
    LEFT JOIN main.outbox o ON o.seq = iif(own.replaced_by IS NULL, own.seq, ${lastOf('own')})`;
}

/** A query for the entry that was pushed last in the place of one that was replaced: what became of it became of the record. */
function lastOf(entry: string): string {
  return `(WITH RECURSIVE place (seq, next, nth) AS (
      SELECT ${entry}.seq, ${entry}.replaced_by, 0
      UNION ALL SELECT r.seq, r.replaced_by, nth + 1 FROM place JOIN main.outbox r ON r.key = place.next)
    SELECT seq FROM place ORDER BY nth DESC LIMIT 1)`;
}

/** A creation that was refused for a contact that is there may have been mended into an update. */
function opOf(pushId: string | null): string {
  return pushId === null ? 'e.op' : 'coalesce(o.op, e.op) AS op';
}

function outboxColumns(pushId: string | null, ...names: string[]): string {
  return names.map((name) => (pushId !== null ? `o.${name}` : `NULL AS ${name}`)).join(', ');
}
