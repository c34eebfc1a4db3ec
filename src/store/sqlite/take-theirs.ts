import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxEntry } from '../../sync/ports/outbox-entry.ts';
import { amendEntry, type EntryPart, insertPart, isEmpty, partOf } from './entry-part.ts';
import { entryOf, moveEntries, type OutboxRow } from './outbox-records.ts';

/** See `Outbox.takeTheirs`. The caller holds the transaction. */
export function takeTheirs(db: Connection, keys: readonly string[], at: number): string[] {
  const rows = db
    .prepare("SELECT * FROM outbox WHERE state = 'conflict' AND key IN (SELECT value FROM json_each(?))")
    .all(JSON.stringify(keys)) as OutboxRow[];
  const waiting: string[] = [];
  for (const entry of rows.map(entryOf)) {
    const parts = partsOf(entry);
    if (parts === null) continue;
    // What was given up stays in the outbox.
    insertPart(db, entry.key, parts.disputed, { state: 'dropped', errors: entry.errors, at });
    amendEntry(db, entry.key, parts.rest);
    waiting.push(entry.key);
  }
  moveEntries(db, waiting, ['conflict'], 'pending', at);
  moveEntries(db, keys, ['conflict'], 'dropped', at);
  return rows.map(({ key }) => key);
}

/** An update by a program, parted by whether its conflict names the field; null where all of it is one part. */
function partsOf(entry: OutboxEntry): { disputed: EntryPart; rest: EntryPart } | null {
  if (!entry.local || entry.op !== 'update') return null;
  const named = new Set(entry.errors.flatMap(({ fields }) => fields));
  const disputed = partOf(entry, (name) => named.has(name));
  // Not that the contact was found gone: the rest was not asked about.
  const rest = partOf(entry, (name) => !named.has(name) && name in entry.changes);
  return isEmpty(disputed) || isEmpty(rest) ? null : { disputed, rest };
}
