import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { MemoryDisk } from '../../../src/store/memory/memory-file.ts';
import { columnValue } from '../../../src/store/memory/memory-values.ts';

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

function nothing(): MirrorContents {
  return { live: new Map(), gone: new Map() };
}
