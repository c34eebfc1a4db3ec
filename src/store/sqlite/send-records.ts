import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Settlement } from '../../sync/ports/outbox-entry.ts';
import { adoptKeysOfCreations } from './adopt-keys.ts';
import { keepConflictBase } from './conflict-base.ts';
import { type ContactRef, knownBeforeReader } from './contact-lookup.ts';
import { keepLost } from './keep-lost.ts';
import { lastDone } from './last-done.ts';
import { neverSent } from './never-sent.ts';
import { prepared } from './prepared.ts';
import { noteRewritten } from './rewritten.ts';
import type { SendStep } from './send-step.ts';

/**
 * A statement's cost lies in its triggers' programs as much as in its rows, so rows are written many at a time; but the
 * JSON that names them shall not grow with an ingest job.
 */
const rowsPerStatement = 2_000;

/**
 * Returns for each step the key of an entry that is not pending, for which nothing of the step was stored; null where
 * all was.
 */
export function storeSendSteps(db: Connection, steps: readonly SendStep[]): (string | null)[] {
  return steps.map((step) => {
    if (step.kind === 'sent') return markEntriesSent(db, step);
    settleEntries(db, step.settlements);
    return null;
  });
}

/** Returns the key of an entry that is not pending, where there is one, and marks none then. */
function markEntriesSent(
  db: Connection,
  { keys, way, at, orgAt, by, job }: Extract<SendStep, { kind: 'sent' }>,
): string | null {
  const parts = partsOf(keys).map((part) => JSON.stringify(part));
  // Sending what is not pending any more could send it twice, so nothing of the request may go out.
  for (const part of parts) {
    const missing = firstNotPending(db, part);
    if (missing !== undefined) return missing;
  }
  const mark = prepared(
    db,
    `UPDATE outbox SET state = 'sent', way = :way, job = :job, attempts = attempts + 1, sent_at = coalesce(sent_at, :at),
       sent_org_at = CASE WHEN sent_at IS NULL THEN :orgAt ELSE sent_org_at END,
       sent_by = CASE WHEN sent_at IS NULL THEN :by ELSE sent_by END,
       known_before = CASE WHEN sent_at IS NULL THEN NULL ELSE known_before END, doubt = NULL
     WHERE key IN (SELECT value FROM json_each(:keys))`,
  );
  for (const part of parts) {
    const known = knownBefore(db, part, { inJob: job !== null });
    mark.run({ keys: part, way, job, at: isoTime(at), orgAt: isoTime(orgAt), by });
    const note = prepared(db, 'UPDATE outbox SET known_before = ? WHERE seq = ?');
    for (const [seq, values] of known) note.run(values, seq);
  }
  return null;
}

function firstNotPending(db: Connection, keys: string): string | undefined {
  const find = prepared(
    db,
    `SELECT k.value FROM json_each(?) k LEFT JOIN outbox o ON o.key = k.value AND o.state = 'pending'
     WHERE o.seq IS NULL LIMIT 1`,
  );
  return find.pluck().get(keys) as string | undefined;
}

/** What the mirror holds of the contacts of those that go out for the first time, as JSON by entry. */
function knownBefore(
  db: Connection,
  keys: string,
  { inJob }: { inJob: boolean },
): [seq: number, values: string][] {
  const rows = prepared(
    db,
    `SELECT o.seq, o.object, o.op, o.contact_id, o.upsert_field, o.changes, o.local
     FROM json_each(?) k CROSS JOIN outbox o ON o.key = k.value
     WHERE o.sent_at IS NULL AND (o.contact_id IS NOT NULL OR o.upsert_field IS NOT NULL)`,
  ).all(keys) as (ContactRef & { seq: number })[];
  if (rows.length === 0) return [];
  // Whole contacts of a job would fill the file with what is asked for where an answer is lost.
  const read = knownBeforeReader(db, { ofDeletes: !inJob });
  return rows.flatMap((row) => {
    const known = read(row);
    return known === null ? [] : [[row.seq, JSON.stringify(known)]];
  });
}

/** What a person has dropped meanwhile stays so, or it would be sent again. */
const unlessDropped = `outbox.key = j.value ->> 0 AND outbox.state <> 'dropped'`;

/** A creation by a push has nothing before it that an edit could be based on. */
const doneOrder = `CASE WHEN op <> 'create' OR upsert_field IS NOT NULL OR local = 1 THEN ${lastDone} + 1 END`;

/** Of a contact that a push has deleted nothing is kept. */
const ofGone = ['base', 'base_at', 'first_base', 'found'];

/** Each entry at most once. */
export function settleEntries(db: Connection, settlements: readonly Settlement[]): void {
  const settleDone = prepared(
    db,
    `UPDATE outbox SET state = 'done', contact_id = j.value ->> 1, settled_at = j.value ->> 2,
       created = j.value ->> 3, done_order = ${doneOrder}, read_back_due = 1, known_before = NULL, doubt = NULL, errors = '[]',
       ${ofGone.map((column) => `${column} = CASE WHEN op = 'delete' AND local = 0 THEN NULL ELSE ${column} END`).join(', ')},
       error_code = NULL, error_message = NULL, error_fields = NULL
     FROM json_each(?) j WHERE ${unlessDropped}`,
  );
  const settleOther = prepared(
    db,
    `UPDATE outbox SET state = j.value ->> 1, settled_at = j.value ->> 2, errors = j.value ->> 3,
       error_code = j.value ->> 4, error_message = j.value ->> 5, error_fields = j.value ->> 6,
       contact_id = coalesce(CASE op WHEN 'create' THEN j.value ->> 7 END, contact_id, j.value ->> 7)
     FROM json_each(?) j WHERE ${unlessDropped}`,
  );
  const ofKeys = `key IN (SELECT value FROM json_each(?)) AND state <> 'dropped'`;
  const unsent = prepared(db, `UPDATE outbox SET ${neverSent} WHERE ${ofKeys}`);
  const keyless = prepared(db, `UPDATE outbox SET way = 'collection' WHERE ${ofKeys}`);
  const note = prepared(
    db,
    `UPDATE outbox SET doubt = j.value ->> 1 FROM json_each(?) j WHERE ${unlessDropped}`,
  );
  const run = (statement: typeof unsent, rows: readonly unknown[]) => {
    if (rows.length > 0) statement.run(JSON.stringify(rows));
  };
  for (const part of partsOf(settlements)) {
    keepLost(db, part);
    const done = part.filter((settlement) => settlement.state === 'done');
    const others = part.filter((settlement) => settlement.state !== 'done');
    run(
      settleDone,
      done.map(({ key, contactId, created, at }) => [key, contactId, isoTime(at), created ? 1 : 0]),
    );
    run(settleOther, others.map(rowOf));
    for (const other of others)
      if (other.state === 'conflict' && other.base !== undefined)
        keepConflictBase(db, other.key, other.base, other.knownTo ?? null);
    run(
      unsent,
      others.flatMap((other) => (other.state === 'pending' && other.unsent === true ? [other.key] : [])),
    );
    run(
      keyless,
      others.flatMap((other) => (other.state === 'in-doubt' && other.keyless === true ? [other.key] : [])),
    );
    run(
      note,
      others.flatMap((other) =>
        other.state === 'in-doubt' && other.doubt !== undefined
          ? [[other.key, JSON.stringify(other.doubt)]]
          : [],
      ),
    );
  }
}

function rowOf(settlement: Exclude<Settlement, { state: 'done' }>): (string | null)[] {
  const { key, state, errors, at } = settlement;
  const [first] = errors;
  return [
    key,
    state,
    state === 'rejected' ? isoTime(at) : null,
    JSON.stringify(errors),
    first?.code ?? null,
    first?.message ?? null,
    first === undefined ? null : JSON.stringify(first.fields),
    settlement.state === 'conflict' ? settlement.contactId : null,
  ];
}

function partsOf<T>(all: readonly T[]): (readonly T[])[] {
  if (all.length <= rowsPerStatement) return [all];
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += rowsPerStatement) parts.push(all.slice(at, at + rowsPerStatement));
  return parts;
}

/**
 * The contacts are in the mirror now. Those that programs made by SQL carry the keys that they were shown by. The others have
 * their keys already, and what a push was told is the contact's: its own, where the mirror had none of the contact before.
 */
export function confirmReadBack(db: Connection, keys: readonly string[]): void {
  const all = [...keys, ...writtenBefore(db, keys)];
  const list = JSON.stringify(all);
  adoptKeysOfCreations(db, list, all.length);
  noteRewritten(db, list);
  prepared(
    db,
    `UPDATE outbox SET read_back_due = 0, contact_key = CASE WHEN local = 0 AND op = 'create' THEN
       coalesce((SELECT coalesce(c._key, c.Id) FROM contact c WHERE c.Id = contact_id), contact_key) ELSE contact_key END
     WHERE key IN (SELECT value FROM json_each(?))`,
  ).run(list);
}

/**
 * What programs have written to the same contacts that was over before these were sent, and is not read back yet: another
 * call that was to read it may have failed. What is read now has come after it, and its values must not be shown over that.
 */
function writtenBefore(db: Connection, keys: readonly string[]): string[] {
  const any = prepared(db, 'SELECT 1 FROM outbox WHERE local = 1 AND read_back_due = 1 LIMIT 1');
  if (any.get() === undefined) return [];
  const isBefore = `e.local = 1 AND e.read_back_due = 1 AND e.state = 'done' AND e.contact_id = o.contact_id
    AND +e.seq < o.seq AND e.settled_at <= o.sent_at`;
  const read = `json_each(:keys) k CROSS JOIN outbox o ON o.key = k.value AND o.op <> 'delete'
    CROSS JOIN contact t ON t.Id = o.contact_id`;
  // The contact does not bear the key of its creation yet.
  return prepared(
    db,
    `SELECT e.key FROM ${read} CROSS JOIN outbox e ON e.contact_key IN (o.contact_key, t._key, t.Id)
     WHERE ${isBefore} AND e.op = 'update'
     UNION
     SELECT e.key FROM ${read} CROSS JOIN outbox e ON e.contact_id = t.Id
     WHERE ${isBefore} AND e.op = 'create' AND e.contact_id IS NOT NULL`,
  )
    .pluck()
    .all({ keys: JSON.stringify(keys) }) as string[];
}
