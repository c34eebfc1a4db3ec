import type { Connection } from '../../sqlite/connection.ts';
import type { StagingFault } from '../../sync/ports/outbox-staging.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';
import {
  type NamedEntry,
  namedTwiceFault,
  replacedNote,
  replacingFault,
  standingFor,
} from '../replaced-entry.ts';
import { prepared } from './prepared.ts';

interface Replacement {
  /** Of the record in `staging.entry`. */
  seq: number;
  key: string;
  /** The key that the record names; `entry` is what stands for it by now. */
  named: string;
  entry: NamedEntry;
}

/** Gives the faults of records that cannot take the place of the entry they name; returns their number. The caller holds the transaction. */
export function refuseReplaced(db: Connection, object: string): number {
  const refuse = db.prepare('INSERT INTO staging.fault (entry, field, code, message) VALUES (?, ?, ?, ?)');
  const seen = new Set<string>();
  let refused = 0;
  for (const { seq, named, entry } of replacements(db, object)) {
    const isSecond = entry.state === 'rejected' && seen.has(entry.key);
    seen.add(entry.key);
    const fault: StagingFault | null = isSecond ? namedTwiceFault(named) : replacingFault(entry, named);
    if (fault === null) continue;
    refuse.run(seq, fault.field, fault.code, fault.message);
    refused++;
  }
  return refused;
}

/** How many refused entries `dropReplaced` would drop. */
export function countReplaced(db: Connection, object: string): number {
  return replacements(db, object).filter(({ entry }) => entry.state === 'rejected').length;
}

/** Drops the refused entries whose place records of `staging` have taken; returns their number. The caller holds the transaction. */
export function dropReplaced(db: Connection, object: string, at: string): number {
  const errorsOf = db.prepare('SELECT errors FROM main.outbox WHERE key = ?').pluck();
  const drop = db.prepare(
    `UPDATE main.outbox SET state = 'dropped', settled_at = :at, replaced_by = :by, errors = :errors,
       error_code = :code, error_message = :message, error_fields = '[]'
     WHERE key = :key AND state = 'rejected'`,
  );
  let dropped = 0;
  for (const { key: by, entry } of replacements(db, object)) {
    if (entry.state !== 'rejected') continue;
    const note = replacedNote(by);
    const errors = JSON.stringify([
      note,
      ...(JSON.parse(errorsOf.get(entry.key) as string) as RecordError[]),
    ]);
    dropped += drop.run({ at, by, errors, code: note.code, message: note.message, key: entry.key }).changes;
  }
  return dropped;
}

/** Of the records in the order of the input that name an entry, those whose entry the outbox knows. */
function replacements(db: Connection, object: string): Replacement[] {
  const find = prepared(
    db,
    `SELECT key, state, contact_id AS contactId, replaced_by AS replacedBy FROM main.outbox
     WHERE key = ? AND object = ?`,
  );
  const entryOf = (key: string) => find.get(key, object) as NamedEntry | undefined;
  const staged = db
    .prepare('SELECT seq, key, replaces FROM staging.entry WHERE replaces IS NOT NULL ORDER BY seq')
    .all() as { seq: number; key: string; replaces: string }[];
  return staged.flatMap(({ seq, key, replaces }) => {
    const entry = standingFor(replaces, entryOf);
    return entry === null ? [] : [{ seq, key, named: replaces, entry }];
  });
}
