import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { openPrivately } from '../../sqlite/open-privately.ts';
import { spoolFolder, spoolName } from './writer/spool-folder.ts';
import { holdSpool } from './writer/spool-lock.ts';

/** KB; written once and read once, in the same order. */
const cacheKb = 2_048;
/** The writer reads it while it becomes entries. */
const busyMs = 5_000;

const schema = `
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, source TEXT NOT NULL, place INTEGER NOT NULL, line INTEGER, key TEXT NOT NULL,
    op TEXT NOT NULL, contact_key TEXT NOT NULL, contact_id TEXT, changes TEXT NOT NULL, base TEXT,
    upsert_field TEXT, allow_duplicates INTEGER NOT NULL, atomic_group TEXT, created_at TEXT NOT NULL,
    unique_value TEXT, given TEXT, replaces TEXT
  );
  CREATE INDEX entry_replaces ON entry (seq) WHERE replaces IS NOT NULL;
  CREATE TABLE fault (
    id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, field TEXT, code TEXT NOT NULL, message TEXT NOT NULL
  );
  CREATE INDEX fault_entry ON fault (entry);
`;

export interface StagingFile {
  path: string;
  db: Connection;
  remove(): void;
}

/**
 * A file beside the mirror for what one process stages; it lies where pages wait too, so that the next process
 * removes it should this one be killed. Nothing in it is worth a journal on disk or a wait for the disk.
 */
export function createStagingFile(mirrorPath: string): StagingFile {
  const folder = spoolFolder(dirname(mirrorPath));
  makeFolder(folder);
  const path = join(folder, spoolName());
  const endHold = holdSpool(path);
  let db: Connection | null = null;
  const remove = () => {
    db?.close();
    rmSync(path, { force: true });
    endHold();
  };
  try {
    db = openPrivately(path, {
      create: true,
      busyMs,
      journal: 'memory',
      pageSize: 8_192,
      pragmas: { synchronous: 'OFF', cache_size: -cacheKb },
    });
    db.exec(schema);
    return { path, db, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
