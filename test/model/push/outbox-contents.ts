import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { MemoryDisk } from '../../../src/store/memory/memory-file.ts';

/** An entry as far as it is held against the org. */
export interface Entry {
  seq: number;
  key: string;
  op: 'create' | 'update' | 'delete';
  state: string;
  contactId: string | null;
  contactKey: string;
  changes: Record<string, unknown>;
  way: string | null;
  /** Id of the ingest job that carries it, or did last. */
  job: string | null;
  errors: { code: string }[];
  allowDuplicates: boolean;
  upsertField: string | null;
  atomicGroup: string | null;
  attempts: number;
  sentAt: number | null;
  created: boolean | null;
  doubt: { reason: string; candidates: { id: string }[]; candidatesTotal: number } | null;
}

export function entriesOfDisk(disk: MemoryDisk | null): Entry[] {
  return [...(disk?.objects.get('Contact')?.outbox.values() ?? [])] as Entry[];
}

export function entriesOfFile(file: string): Entry[] {
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'").get();
    if (table === undefined) return [];
    return (db.prepare('SELECT * FROM outbox ORDER BY seq').all() as Record<string, unknown>[]).map(entryOf);
  } finally {
    db.close();
  }
}

function entryOf(row: Record<string, unknown>): Entry {
  const text = (name: string) => (row[name] === null || row[name] === undefined ? null : String(row[name]));
  return {
    seq: Number(row.seq),
    key: String(row.key),
    op: row.op as Entry['op'],
    state: String(row.state),
    contactId: text('contact_id'),
    contactKey: String(row.contact_key),
    changes: JSON.parse(String(row.changes)) as Record<string, unknown>,
    way: text('way'),
    job: text('job'),
    errors: JSON.parse(text('errors') ?? '[]') as Entry['errors'],
    allowDuplicates: Boolean(row.allow_duplicates),
    upsertField: text('upsert_field'),
    atomicGroup: text('atomic_group'),
    attempts: Number(row.attempts),
    sentAt: row.sent_at === null ? null : Date.parse(String(row.sent_at)),
    created: row.created === null ? null : Boolean(row.created),
    doubt:
      row.doubt === null || row.doubt === undefined
        ? null
        : (JSON.parse(String(row.doubt)) as Entry['doubt']),
  };
}
