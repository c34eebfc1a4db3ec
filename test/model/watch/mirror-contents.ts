import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type AskedReconciles, askedReconcilesOf } from '../../../src/store/asked-reconcile.ts';
import type { MemoryDisk } from '../../../src/store/memory/memory-file.ts';
import { columnValue } from '../../../src/store/memory/memory-values.ts';
import type { Cursors } from '../../../src/sync/ports/journal.ts';

export type Stored = Record<string, unknown>;

/** All that applications can see of a mirror, and what became of those that are gone. */
export interface MirrorContents {
  live: Map<string, Stored>;
  gone: Map<string, { kind: string; values: number }>;
}

export function contentsOfFile(file: string): MirrorContents {
  if (!existsSync(file)) return nothing();
  const db = new Database(file, { readonly: true });
  try {
    if (!has(db, 'contacts')) return nothing();
    const live = db.prepare('SELECT * FROM contacts').all() as Stored[];
    const gone = db.prepare('SELECT * FROM contact WHERE _gone IS NOT NULL').all() as Stored[];
    return {
      live: new Map(live.map((row) => [String(row.Id), row])),
      gone: new Map(gone.map((row) => [String(row.Id), { kind: String(row._gone), values: valuesIn(row) }])),
    };
  } finally {
    db.close();
  }
}

/** A file that was just made has neither. */
function has(db: Database.Database, table: string): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
}

function valuesIn(row: Stored): number {
  return Object.entries(row).filter(([name, value]) => !/^(_|Id$)/.test(name) && value !== null).length;
}

export function contentsOfDisk(disk: MemoryDisk | null): MirrorContents {
  const contents = nothing();
  const state = disk?.objects.get('Contact');
  if (state === undefined) return contents;
  const names = [...state.fields.values()].map(({ definition }) => definition.name);
  for (const [id, contact] of state.contacts) {
    const { gone } = contact.state;
    if (gone !== null) contents.gone.set(id, { kind: gone, values: contact.values.size });
    else
      contents.live.set(id, Object.fromEntries(names.map((name) => [name, columnValue(id, contact, name)])));
  }
  return contents;
}

export function cursorsOfFile(file: string): Cursors {
  const cursors: Cursors = { updated: null, deleted: null };
  if (!existsSync(file)) return cursors;
  const db = new Database(file, { readonly: true });
  try {
    if (!has(db, 'cursor')) return cursors;
    const rows = db.prepare("SELECT name, at FROM cursor WHERE object = 'Contact'").all();
    for (const { name, at } of rows as { name: keyof Cursors; at: string }[]) cursors[name] = Date.parse(at);
    return cursors;
  } finally {
    db.close();
  }
}

export function cursorsOfDisk(disk: MemoryDisk | null): Cursors {
  return disk?.objects.get('Contact')?.cursors ?? { updated: null, deleted: null };
}

/** The reconciles that were left to whoever holds the org, one of each kind. */
export function askedOfFile(file: string): AskedReconciles {
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    if (!has(db, 'meta')) return [];
    const asked = db.prepare("SELECT value FROM meta WHERE key = 'asked_reconcile.Contact'").pluck().get();
    return asked === undefined ? [] : askedReconcilesOf(JSON.parse(String(asked)));
  } finally {
    db.close();
  }
}

export function askedOfDisk(disk: MemoryDisk | null): AskedReconciles {
  return disk?.objects.get('Contact')?.asked ?? [];
}

function nothing(): MirrorContents {
  return { live: new Map(), gone: new Map() };
}
