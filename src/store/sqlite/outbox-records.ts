import { isoTime } from '../../base/iso-time.ts';
import type {
  NewOutboxEntry,
  OutboxEntry,
  OutboxOp,
  OutboxState,
  SendWay,
  Settlement,
} from '../../sync/ports/outbox.ts';
import type { RecordError } from '../../sync/ports/remote.ts';
import type { Connection } from './connection.ts';

export const outboxStates = [
  'pending',
  'sent',
  'in-doubt',
  'rejected',
  'held',
  'conflict',
  'done',
  'dropped',
] as const satisfies readonly OutboxState[];

interface OutboxRow {
  key: string;
  op: OutboxOp;
  contact_key: string;
  contact_id: string | null;
  changes: string;
  base: string | null;
  state: OutboxState;
  way: SendWay | null;
  upsert_field: string | null;
  allow_duplicates: number;
  atomic_group: string | null;
  attempts: number;
  errors: string;
  created_at: string;
  sent_at: string | null;
  settled_at: string | null;
  read_back_due: number;
  created: number | null;
}

export interface OutboxFilter {
  states?: readonly OutboxState[];
  keys?: readonly string[];
  limit?: number;
}

export function insertEntries(db: Connection, entries: readonly NewOutboxEntry[]): void {
  const insert = db.prepare(
    `INSERT INTO outbox (key, op, contact_key, contact_id, changes, base, state, upsert_field, allow_duplicates,
       atomic_group, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const entry of entries) {
    insert.run(
      entry.key,
      entry.op,
      entry.contactKey,
      entry.contactId,
      JSON.stringify(entry.changes),
      entry.base === null ? null : JSON.stringify(entry.base),
      entry.state,
      entry.upsertField,
      entry.allowDuplicates ? 1 : 0,
      entry.atomicGroup,
      isoTime(entry.createdAt),
    );
  }
}

/** In the order they were added. */
export function listEntries(db: Connection, filter: OutboxFilter = {}): OutboxEntry[] {
  const rows = db
    .prepare(
      `SELECT * FROM outbox
       WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
         AND (:keys IS NULL OR key IN (SELECT value FROM json_each(:keys)))
       ORDER BY seq LIMIT :limit`,
    )
    .all({
      states: filter.states ? JSON.stringify(filter.states) : null,
      keys: filter.keys ? JSON.stringify(filter.keys) : null,
      limit: filter.limit ?? -1,
    }) as OutboxRow[];
  return rows.map(toEntry);
}

export function markEntriesSent(db: Connection, keys: readonly string[], way: SendWay, at: number): void {
  const mark = db.prepare(
    `UPDATE outbox SET state = 'sent', way = ?, attempts = attempts + 1, sent_at = coalesce(sent_at, ?)
     WHERE key = ? AND state = 'pending'`,
  );
  for (const key of keys) {
    // Sending what is not pending any more could send it twice, so nothing of the batch may go out.
    if (mark.run(way, isoTime(at), key).changes !== 1) throw new Error(`Outbox entry ${key} is not pending.`);
  }
}

export function settleEntries(db: Connection, settlements: readonly Settlement[]): void {
  const done = db.prepare(
    `UPDATE outbox SET state = 'done', contact_id = ?, settled_at = ?, created = ?, read_back_due = 1,
       errors = '[]', error_code = NULL, error_message = NULL, error_fields = NULL WHERE key = ?`,
  );
  const other = db.prepare(
    `UPDATE outbox SET state = ?, settled_at = ?, errors = ?, error_code = ?, error_message = ?,
       error_fields = ?, sent_at = CASE WHEN ? THEN NULL ELSE sent_at END WHERE key = ?`,
  );
  for (const settlement of settlements) {
    const { key, state, at } = settlement;
    if (settlement.state === 'done') {
      done.run(settlement.contactId, isoTime(at), settlement.created ? 1 : 0, key);
      continue;
    }
    const { errors } = settlement;
    const first = errors[0];
    other.run(
      state,
      state === 'rejected' ? isoTime(at) : null,
      JSON.stringify(errors),
      first?.code ?? null,
      first?.message ?? null,
      first === undefined ? null : JSON.stringify(first.fields),
      settlement.state === 'pending' && settlement.unsent === true ? 1 : 0,
      key,
    );
  }
}

/** Returns the keys that were in one of the states of `from` and now are in `to`. */
export function moveEntries(
  db: Connection,
  keys: readonly string[],
  from: readonly OutboxState[],
  to: OutboxState,
  at: number,
): string[] {
  const settled = to === 'dropped' || to === 'done' || to === 'rejected' ? isoTime(at) : null;
  return db
    .prepare(
      `UPDATE outbox SET state = :to, settled_at = :settled,
         sent_at = CASE WHEN :to = 'pending' THEN NULL ELSE sent_at END
       WHERE key IN (SELECT value FROM json_each(:keys)) AND state IN (SELECT value FROM json_each(:from))
       RETURNING key`,
    )
    .pluck()
    .all({ to, settled, keys: JSON.stringify(keys), from: JSON.stringify(from) }) as string[];
}

export function countEntries(db: Connection): Record<OutboxState, number> {
  const counts = Object.fromEntries(outboxStates.map((state) => [state, 0])) as Record<OutboxState, number>;
  const rows = db.prepare('SELECT state, count(*) AS n FROM outbox GROUP BY state').all() as {
    state: OutboxState;
    n: number;
  }[];
  for (const { state, n } of rows) counts[state] = n;
  return counts;
}

export function listReadBackDue(db: Connection, limit: number): OutboxEntry[] {
  const rows = db
    .prepare('SELECT * FROM outbox WHERE read_back_due = 1 ORDER BY seq LIMIT ?')
    .all(limit) as OutboxRow[];
  return rows.map(toEntry);
}

function toEntry(row: OutboxRow): OutboxEntry {
  return {
    key: row.key,
    op: row.op,
    contactKey: row.contact_key,
    contactId: row.contact_id,
    changes: JSON.parse(row.changes) as Record<string, unknown>,
    base: row.base === null ? null : (JSON.parse(row.base) as Record<string, unknown>),
    state: row.state,
    way: row.way,
    upsertField: row.upsert_field,
    allowDuplicates: row.allow_duplicates === 1,
    atomicGroup: row.atomic_group,
    attempts: row.attempts,
    errors: JSON.parse(row.errors) as RecordError[],
    createdAt: Date.parse(row.created_at),
    sentAt: row.sent_at === null ? null : Date.parse(row.sent_at),
    settledAt: row.settled_at === null ? null : Date.parse(row.settled_at),
    readBackDue: row.read_back_due === 1,
    created: row.created === null ? null : row.created === 1,
  };
}
