import { randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';

type Values = Readonly<Record<string, unknown>>;

/** Some fields of an edit, with what they are based on. */
export interface EntryPart {
  changes: Values;
  base: Values | null;
}

export function partOf({ changes, base }: EntryPart, isIn: (name: string) => boolean): EntryPart {
  return { changes: only(changes, isIn), base: base && only(base, isIn) };
}

export function isEmpty({ changes }: EntryPart): boolean {
  return Object.keys(changes).length === 0;
}

/** What is left of an entry keeps its place before later changes of its contact. */
export function amendEntry(db: Connection, key: string, { changes, base }: EntryPart): void {
  db.prepare('UPDATE outbox SET changes = ?, base = ? WHERE key = ?').run(
    JSON.stringify(changes),
    base && JSON.stringify(base),
    key,
  );
}

/** A part of this entry becomes an edit of its own, `as` it is called from now on, behind all others. The caller amends the entry. */
export function insertPart(
  db: Connection,
  key: string,
  { changes, base }: EntryPart,
  {
    as = randomUUID(),
    state,
    errors,
    at,
  }: { as?: string; state: 'rejected' | 'dropped'; errors: readonly RecordError[]; at: number },
): void {
  const [first] = errors;
  db.prepare(
    `INSERT INTO outbox (object, key, op, local, contact_key, contact_id, changes, base, base_at, first_base, found, state, approved,
       created_at, settled_at, errors, error_code, error_message, error_fields)
     SELECT object, :part, 'update', local, contact_key, contact_id, :changes, :base, base_at, first_base, found, :state, approved,
       created_at, :at, :errors, :code, :message, :fields
     FROM outbox WHERE key = :key`,
  ).run({
    key,
    part: as,
    changes: JSON.stringify(changes),
    base: base && JSON.stringify(base),
    state,
    at: isoTime(at),
    errors: JSON.stringify(errors),
    code: first?.code ?? null,
    message: first?.message ?? null,
    fields: first === undefined ? null : JSON.stringify(first.fields),
  });
}

function only(values: Values, isIn: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isIn(name)));
}
