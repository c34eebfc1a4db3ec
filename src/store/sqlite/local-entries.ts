import type { Connection } from '../../sqlite/connection.ts';
import { type BasePoints, basePointsOf, storedPoints } from './base-points.ts';
import { neverSent } from './never-sent.ts';
import { newKey, sqlNow } from './new-key.ts';
import { prepared } from './prepared.ts';

export type Values = Record<string, unknown>;

/** An entry that a program's edit has made, as far as its contact's local row follows from it. */
export interface LocalEntry {
  seq: number;
  op: 'create' | 'update' | 'delete';
  contactId: string | null;
  changes: Values;
  base: Values | null;
  baseAt: BasePoints | null;
  firstBase: Values | null;
  found: Values | null;
  state: string;
  isUnsent: boolean;
  /** ISO 8601, by this machine's clock; null as long as it waits. */
  settledAt: string | null;
  errors: { code: string }[];
  error: string | null;
}

export const isClosed = (state: string) => state === 'done' || state === 'dropped';

/** Open ones, and those that are done and whose contact is not read back yet. */
export function localEntriesOf(db: Connection, key: string): LocalEntry[] {
  const columns = `seq, op, contact_id, changes, base, base_at, first_base, found, state, sent_at, settled_at, errors, error_code, error_message`;
  const rows = prepared(
    db,
    `SELECT ${columns} FROM outbox WHERE local = 1 AND contact_key = :key AND state NOT IN ('done', 'dropped')
     UNION ALL
     SELECT ${columns} FROM outbox WHERE local = 1 AND contact_key = :key AND read_back_due = 1 AND state = 'done'
     ORDER BY seq`,
  ).all({ key }) as {
    seq: number;
    op: LocalEntry['op'];
    contact_id: string | null;
    changes: string;
    base: string | null;
    base_at: string | null;
    first_base: string | null;
    found: string | null;
    state: string;
    sent_at: string | null;
    settled_at: string | null;
    errors: string;
    error_code: string | null;
    error_message: string | null;
  }[];
  return rows.map((row) => ({
    seq: row.seq,
    op: row.op,
    contactId: row.contact_id,
    changes: JSON.parse(row.changes) as Values,
    base: parsed(row.base),
    baseAt: basePointsOf(row.base_at),
    firstBase: parsed(row.first_base),
    found: parsed(row.found),
    state: row.state,
    isUnsent:
      ['held', 'rejected', 'conflict'].includes(row.state) ||
      (row.state === 'pending' && row.sent_at === null),
    settledAt: row.settled_at,
    errors: JSON.parse(row.errors) as { code: string }[],
    error: row.error_code === null ? null : `${row.error_code}: ${row.error_message ?? ''}`,
  }));
}

/** What was refused waits again. */
export function reviveEntry(db: Connection, entry: LocalEntry): void {
  prepared(
    db,
    `UPDATE outbox SET state = 'pending', settled_at = NULL, errors = '[]', error_code = NULL, error_message = NULL,
       error_fields = NULL WHERE seq = ?`,
  ).run(entry.seq);
  Object.assign(entry, { state: 'pending', isUnsent: true, errors: [], error: null });
}

/** What an edit of other fields has left of a refused one waits again, and is given up where that is nothing. */
export function reviveRest(db: Connection, refused: LocalEntry, taken: Values): void {
  const rest = (values: Values | null) =>
    values && Object.fromEntries(Object.entries(values).filter(([name]) => !(name in taken)));
  const changes = rest(refused.changes) ?? {};
  if (Object.keys(changes).length === 0) {
    closeEntry(db, refused);
    return;
  }
  refused.changes = changes;
  for (const part of ['base', 'firstBase', 'found'] as const) refused[part] = rest(refused[part]);
  prepared(
    db,
    `UPDATE outbox SET key = ${newKey}, changes = ?, base = ?, first_base = ?, found = ?, ${neverSent}
     WHERE seq = ?`,
  ).run(
    JSON.stringify(changes),
    ...[refused.base, refused.firstBase, refused.found].map((values) => values && JSON.stringify(values)),
    refused.seq,
  );
  reviveEntry(db, refused);
}

/** `behind` does what both of them were to do: based on what the first of them found, or what a conflict has found since. */
export function mergeEntries(db: Connection, former: LocalEntry, behind: LocalEntry): void {
  behind.changes = { ...former.changes, ...behind.changes };
  behind.baseAt = former.op === 'create' ? null : pointsOfBoth(former, behind);
  behind.base = former.op === 'create' ? null : { ...behind.base, ...former.base, ...foundBase(behind) };
  behind.firstBase = both(behind.firstBase, former.firstBase);
  behind.found = both(behind.found, former.found);
  if (behind.state === 'rejected') tellBoth(db, behind, former);
  behind.op = former.op;
  const changes = Object.entries(behind.changes).filter(
    ([, value]) => former.op !== 'create' || value !== null,
  );
  behind.changes = Object.fromEntries(changes);
  prepared(
    db,
    `UPDATE outbox SET key = ${newKey}, op = ?, changes = ?, base = ?, base_at = ?, first_base = ?, found = ? WHERE seq = ?`,
  ).run(
    behind.op,
    JSON.stringify(behind.changes),
    behind.base && JSON.stringify(behind.base),
    storedPoints(behind.baseAt),
    behind.firstBase && JSON.stringify(behind.firstBase),
    behind.found && JSON.stringify(behind.found),
    behind.seq,
  );
  closeEntry(db, former);
}

/**
 * Whether a push waits between the two that may be of their contact: as one they would come behind it, also with what was
 * written before it. When it is done they are looked at again.
 */
export function isPushedBetween(db: Connection, former: LocalEntry, behind: LocalEntry): boolean {
  const waits = `local = 0 AND state NOT IN ('done', 'dropped') AND state <> 'rejected' AND +seq > :from AND +seq < :to`;
  const find = prepared(
    db,
    `SELECT 1 FROM outbox WHERE contact_id = :id AND contact_id IS NOT NULL AND ${waits}
     UNION ALL
     SELECT 1 FROM outbox WHERE contact_id IS NULL AND upsert_field IS NOT NULL AND ${waits}
     LIMIT 1`,
  );
  return find.get({ id: behind.contactId, from: former.seq, to: behind.seq }) !== undefined;
}

/** Of two that were refused, the reason of the first is told first. */
function tellBoth(db: Connection, behind: LocalEntry, refused: LocalEntry): void {
  if (refused.error === null) return;
  behind.errors = [...refused.errors, ...behind.errors];
  behind.error = refused.error;
  prepared(
    db,
    `UPDATE outbox SET errors = :errors, error_code = f.error_code, error_message = f.error_message,
       error_fields = f.error_fields
     FROM outbox f WHERE f.seq = :from AND outbox.seq = :seq`,
  ).run({ errors: JSON.stringify(behind.errors), from: refused.seq, seq: behind.seq });
}

export function closeEntry(db: Connection, entry: LocalEntry): void {
  prepared(db, `UPDATE outbox SET state = 'dropped', settled_at = ${sqlNow} WHERE seq = ?`).run(entry.seq);
  entry.state = 'dropped';
}

/** Bases the one on what the other one before it has found. */
export function takeBase(db: Connection, entry: LocalEntry, former: LocalEntry): void {
  const { seq } = entry.baseAt?.[''] ?? entry;
  const points = Object.entries(former.baseAt ?? {}).map(
    ([name, point]) => [name, { ...point, seq }] as const,
  );
  entry.base = former.base;
  entry.baseAt = Object.fromEntries(points);
  prepared(db, 'UPDATE outbox SET base = ?, base_at = ? WHERE seq = ?').run(
    entry.base && JSON.stringify(entry.base),
    storedPoints(entry.baseAt),
    entry.seq,
  );
}

/** Of the base, what was found when the entry was in conflict last. */
function foundBase({ base, found }: LocalEntry): Values {
  return Object.fromEntries(Object.entries(base ?? {}).filter(([name]) => name in (found ?? {})));
}

/** What both edit was found by the first of them, and edited last by the other. */
function pointsOfBoth(former: LocalEntry, behind: LocalEntry): BasePoints {
  const points = { ...behind.baseAt, ...former.baseAt };
  for (const [name, later] of Object.entries(behind.baseAt ?? {})) {
    const isFirst = name in (former.base ?? {}) && !(name in foundBase(behind));
    const point = isFirst ? former.baseAt?.[name] : undefined;
    points[name] = point === undefined ? later : { ...point, seq: later.seq };
  }
  return points;
}

function parsed(values: string | null): Values | null {
  return values === null ? null : (JSON.parse(values) as Values);
}

function both(later: Values | null, earlier: Values | null): Values | null {
  return later === null && earlier === null ? null : { ...later, ...earlier };
}
