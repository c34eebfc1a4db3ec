import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Doubt, DoubtNote } from '../../sync/ports/doubt.ts';
import type { Accounted } from '../../sync/ports/outbox.ts';
import type {
  KnownBefore,
  NewOutboxEntry,
  OpenCreation,
  OutboxEntry,
  OutboxOp,
  OutboxState,
  SendApi,
  SendWay,
} from '../../sync/ports/outbox-entry.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';
import { basePointsOf } from './base-points.ts';
import { neverSent, neverSentUnlessRead } from './never-sent.ts';
import { isOpenCreation } from './open-creation.ts';
import { prepared } from './prepared.ts';
import { countCommit } from './two-way-records.ts';

const outboxStates = [
  'pending',
  'sent',
  'in-doubt',
  'rejected',
  'held',
  'conflict',
  'done',
  'dropped',
] as const satisfies readonly OutboxState[];

/** Those that an entry is made of: a row has more, and each that is read is a value to be collected. */
export const entryColumns = `seq, key, op, local, contact_key, contact_id, changes, base, base_at, first_base, found, state, way, api, job, upsert_field,
  allow_duplicates, atomic_group, attempts, errors, created_at, sent_at, sent_org_at, sent_by, known_before, doubt,
  settled_at, read_back_due, created`;

export interface OutboxRow {
  seq: number;
  key: string;
  op: OutboxOp;
  local: number;
  contact_key: string;
  contact_id: string | null;
  changes: string;
  base: string | null;
  base_at: string | null;
  first_base: string | null;
  found: string | null;
  state: OutboxState;
  way: SendWay | null;
  api: SendApi | null;
  upsert_field: string | null;
  allow_duplicates: number;
  atomic_group: string | null;
  attempts: number;
  errors: string;
  created_at: string;
  sent_at: string | null;
  sent_org_at: string | null;
  sent_by: string | null;
  known_before: string | null;
  doubt: string | null;
  job: string | null;
  settled_at: string | null;
  read_back_due: number;
  created: number | null;
}

export interface OutboxFilter {
  states?: readonly OutboxState[];
  keys?: readonly string[];
  keyPrefix?: string;
  after?: number;
  maybeSent?: boolean;
  limit?: number;
}

export function insertEntries(db: Connection, object: string, entries: readonly NewOutboxEntry[]): void {
  const insert = db.prepare(
    `INSERT INTO outbox (object, key, op, contact_key, contact_id, changes, base, state, upsert_field, allow_duplicates,
       atomic_group, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const entry of entries) {
    insert.run(
      object,
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

/** In the order they were added. Each state is read by its own index entry, so a page costs what it holds. */
export function listEntries(db: Connection, object: string, filter: OutboxFilter = {}): OutboxEntry[] {
  const { states, keys, keyPrefix, after = -1, maybeSent = false, limit = -1 } = filter;
  if (keys !== undefined) return listByKeys(db, object, keys, states, after, limit);
  if (keyPrefix !== undefined) return listByPrefix(db, object, keyPrefix, states, after, limit);
  const ofState = prepared(
    db,
    `SELECT ${entryColumns} FROM outbox WHERE object = ? AND state = ? AND seq > ?${maybeSent ? ' AND sent_at IS NOT NULL' : ''} ORDER BY seq LIMIT ?`,
  );
  const rows = [...new Set<OutboxState>(states ?? outboxStates)].flatMap(
    (state) => ofState.all(object, state, after, limit) as OutboxRow[],
  );
  rows.sort((a, b) => a.seq - b.seq);
  return (limit < 0 ? rows : rows.slice(0, limit)).map(entryOf);
}

function listByKeys(
  db: Connection,
  object: string,
  keys: readonly string[],
  states: readonly OutboxState[] | undefined,
  after: number,
  limit: number,
): OutboxEntry[] {
  const rows = prepared(
    db,
    `SELECT ${entryColumns} FROM (SELECT DISTINCT value AS wanted FROM json_each(:keys)) CROSS JOIN outbox ON key = wanted
     WHERE object = :object AND seq > :after AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
     ORDER BY seq LIMIT :limit`,
  ).all({
    object,
    keys: JSON.stringify(keys),
    states: states ? JSON.stringify(states) : null,
    after,
    limit,
  }) as OutboxRow[];
  return rows.map(entryOf);
}

/**
 * A range and no LIKE, so that the index of the keys finds them, and the case counts; `+` keeps SQLite from reading all
 * in `seq`'s order.
 */
function listByPrefix(
  db: Connection,
  object: string,
  prefix: string,
  states: readonly OutboxState[] | undefined,
  after: number,
  limit: number,
): OutboxEntry[] {
  const rows = prepared(
    db,
    `SELECT ${entryColumns} FROM outbox WHERE key >= :prefix AND key < :prefix || char(1114111)
       AND +object = :object AND +seq > :after AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
     ORDER BY +seq LIMIT :limit`,
  ).all({ object, prefix, states: states ? JSON.stringify(states) : null, after, limit }) as OutboxRow[];
  return rows.map(entryOf);
}

/** What was said of it is answered, where a person sends it again. */
const noErrors = `errors = '[]', error_code = NULL, error_message = NULL, error_fields = NULL`;

/** Whoever has been decided about meanwhile is in no doubt any more. */
export function noteDoubts(db: Connection, notes: readonly DoubtNote[]): void {
  const note = db.prepare("UPDATE outbox SET doubt = ? WHERE key = ? AND state = 'in-doubt'");
  for (const { key, doubt } of notes) note.run(JSON.stringify(doubt), key);
}

/** An upsert that met a record did not make it, unless it is what its earlier try has made. */
export function accountedFor(db: Connection, object: string, ids: readonly string[]): Accounted {
  const rows = prepared(
    db,
    `SELECT o.contact_id AS id, max(coalesce(o.created, 1)) AS made, max(o.attempts) AS attempts
     FROM (SELECT DISTINCT value FROM json_each(?)) i CROSS JOIN outbox o ON o.contact_id = i.value
     WHERE o.op = 'create' AND o.contact_id IS NOT NULL AND o.object = ? GROUP BY o.contact_id`,
  ).all(JSON.stringify(ids), object) as { id: string; made: number; attempts: number }[];
  return {
    made: rows.filter(({ made }) => made === 1).map(({ id }) => id),
    maybe: rows.filter(({ made, attempts }) => made === 0 && attempts > 1).map(({ id }) => id),
  };
}

export function doneOf(db: Connection, object: string, ids: readonly string[]): OutboxEntry[] {
  const rows = prepared(
    db,
    `SELECT ${entryColumns} FROM outbox
     WHERE object = ? AND state = 'done' AND contact_id IN (SELECT value FROM json_each(?)) ORDER BY seq`,
  ).all(object, JSON.stringify(ids)) as OutboxRow[];
  return rows.map(entryOf);
}

/** `+` keeps SQLite from reading all that waits by its state. */
export function openCreations(db: Connection, object: string): OpenCreation[] {
  const rows = prepared(
    db,
    `SELECT contact_key, sent_org_at, sent_by, doubt FROM outbox o
     WHERE +object = ? AND ${isOpenCreation('o')} ORDER BY +seq`,
  ).all(object) as Pick<OutboxRow, 'contact_key' | 'sent_org_at' | 'sent_by' | 'doubt'>[];
  return rows.map((row) => ({
    contactKey: row.contact_key,
    sentOrgAt: row.sent_org_at === null ? null : Date.parse(row.sent_org_at),
    sentBy: row.sent_by,
    doubt: row.doubt === null ? null : (JSON.parse(row.doubt) as Doubt),
  }));
}

/** Returns the keys that were in one of the states of `from` and now are in `to`. */
export function moveEntries(
  db: Connection,
  keys: readonly string[],
  from: readonly OutboxState[],
  to: OutboxState,
  at: number,
  { unsent = false }: { unsent?: boolean } = {},
): string[] {
  const settled = to === 'dropped' || to === 'done' || to === 'rejected' ? isoTime(at) : null;
  const moved = db
    .prepare(
      `UPDATE outbox SET state = :to, settled_at = :settled${to === 'pending' ? `, ${unsent ? neverSent : neverSentUnlessRead}, ${noErrors}` : ''},
         approved = CASE WHEN state = 'held' AND :to = 'pending' THEN 1 ELSE approved END
       WHERE key IN (SELECT value FROM json_each(:keys)) AND state IN (SELECT value FROM json_each(:from))
       RETURNING key`,
    )
    .pluck()
    .all({ to, settled, keys: JSON.stringify(keys), from: JSON.stringify(from) }) as string[];
  // Also where some are given up: others may have waited behind them.
  if (moved.length > 0) prepared(db, countCommit).run();
  return moved;
}

export function countEntries(db: Connection, object: string): Record<OutboxState, number> {
  const counts = Object.fromEntries(outboxStates.map((state) => [state, 0])) as Record<OutboxState, number>;
  const rows = db
    .prepare('SELECT state, count(*) AS n FROM outbox WHERE object = ? GROUP BY state')
    .all(object) as { state: OutboxState; n: number }[];
  for (const { state, n } of rows) counts[state] = n;
  return counts;
}

export function hasEntryForJob(db: Connection, object: string): boolean {
  const found = prepared(
    db,
    "SELECT 1 FROM outbox WHERE object = ? AND state = 'pending' AND api = 'bulk' LIMIT 1",
  ).get(object);
  return found !== undefined;
}

export function entryOf(row: OutboxRow): OutboxEntry {
  return {
    seq: row.seq,
    key: row.key,
    op: row.op,
    local: row.local === 1,
    contactKey: row.contact_key,
    contactId: row.contact_id,
    changes: JSON.parse(row.changes) as Record<string, unknown>,
    base: row.base === null ? null : (JSON.parse(row.base) as Record<string, unknown>),
    baseAt: basePointsOf(row.base_at),
    firstBase: row.first_base === null ? null : (JSON.parse(row.first_base) as Record<string, unknown>),
    found: row.found === null ? null : (JSON.parse(row.found) as Record<string, unknown>),
    state: row.state,
    way: row.way,
    api: row.api,
    job: row.job,
    upsertField: row.upsert_field,
    allowDuplicates: row.allow_duplicates === 1,
    atomicGroup: row.atomic_group,
    attempts: row.attempts,
    errors: row.errors === '[]' ? [] : (JSON.parse(row.errors) as RecordError[]),
    createdAt: Date.parse(row.created_at),
    sentAt: row.sent_at === null ? null : Date.parse(row.sent_at),
    sentOrgAt: row.sent_org_at === null ? null : Date.parse(row.sent_org_at),
    sentBy: row.sent_by,
    knownBefore: row.known_before === null ? null : (JSON.parse(row.known_before) as KnownBefore),
    doubt: row.doubt === null ? null : (JSON.parse(row.doubt) as Doubt),
    settledAt: row.settled_at === null ? null : Date.parse(row.settled_at),
    readBackDue: row.read_back_due === 1,
    created: row.created === null ? null : row.created === 1,
  };
}
