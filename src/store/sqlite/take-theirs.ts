import { randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxEntry } from '../../sync/ports/outbox-entry.ts';
import { entryOf, moveEntries, type OutboxRow } from './outbox-records.ts';

type Values = Readonly<Record<string, unknown>>;

/** A part of an edit, with what that is based on. */
interface Part {
  changes: Values;
  base: Values | null;
}

/** See `Outbox.takeTheirs`. The caller holds the transaction. */
export function takeTheirs(db: Connection, keys: readonly string[], at: number): string[] {
  const rows = db
    .prepare("SELECT * FROM outbox WHERE state = 'conflict' AND key IN (SELECT value FROM json_each(?))")
    .all(JSON.stringify(keys)) as OutboxRow[];
  const amend = db.prepare('UPDATE outbox SET changes = ?, base = ? WHERE key = ?');
  const waiting: string[] = [];
  for (const entry of rows.map(entryOf)) {
    const parts = partsOf(entry);
    if (parts === null) continue;
    keepGivenUp(db, entry, parts.disputed, at);
    // It keeps its place before later changes of its contact.
    amend.run(JSON.stringify(parts.rest.changes), baseText(parts.rest), entry.key);
    waiting.push(entry.key);
  }
  moveEntries(db, waiting, ['conflict'], 'pending', at);
  moveEntries(db, keys, ['conflict'], 'dropped', at);
  return rows.map(({ key }) => key);
}

/** What was given up stays in the outbox, as an entry of its own that is dropped. */
function keepGivenUp(db: Connection, { key }: OutboxEntry, part: Part, at: number): void {
  db.prepare(
    `INSERT INTO outbox (object, key, op, local, contact_key, contact_id, changes, base, first_base, found, state, created_at, settled_at,
       errors, error_code, error_message, error_fields)
     SELECT object, :given, op, local, contact_key, contact_id, :changes, :base, first_base, found, 'dropped', created_at, :at, errors,
       error_code, error_message, error_fields
     FROM outbox WHERE key = :key`,
  ).run({
    given: randomUUID(),
    changes: JSON.stringify(part.changes),
    base: baseText(part),
    at: isoTime(at),
    key,
  });
}

/** An update by a program, parted by whether its conflict names the field; null where all of it is one part. */
function partsOf({ op, local, changes, base, errors }: OutboxEntry): { disputed: Part; rest: Part } | null {
  if (!local || op !== 'update') return null;
  const named = new Set(errors.flatMap(({ fields }) => fields));
  const part = (isIn: (name: string) => boolean): Part => ({
    changes: only(changes, isIn),
    base: base && only(base, isIn),
  });
  const disputed = part((name) => named.has(name));
  const rest = part((name) => !named.has(name));
  const isParted = [disputed, rest].every((one) => Object.keys(one.changes).length > 0);
  return isParted ? { disputed, rest } : null;
}

function baseText({ base }: Part): string | null {
  return base && JSON.stringify(base);
}

function only(values: Values, isIn: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isIn(name)));
}
