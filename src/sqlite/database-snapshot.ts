import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How often a copy is made anew because the database was written to meanwhile. */
const tries = 3;
/** Of the database's header: the read and the write version, 1 for a rollback journal and 2 for a log. */
const versionsAt = 18;

/**
 * A private copy of an SQLite database in WAL mode, for a folder where SQLite may not make the index that such a one
 * needs even to be read. Null where that cannot be done safely: while a log lies beside it, the file alone is not the
 * whole. The copy needs no files beside it, so that its name can be given up (`release`) once it is open.
 *
 * Source: sqlite.org/wal.html, "Read-Only Databases". An immutable open would do without the copy, but the binding takes
 * no URI names.
 */
export function snapshotDatabase(path: string): { path: string; release: () => void } | null {
  for (let n = 0; n < tries; n++) {
    const before = stateOf(path);
    if (before === null) return null;
    const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-'));
    const release = () => rmSync(folder, { recursive: true, force: true });
    try {
      const copy = join(folder, 'copy.db');
      copyFileSync(path, copy, constants.COPYFILE_FICLONE);
      // The mode came along.
      chmodSync(copy, 0o600);
      useRollbackJournal(copy);
      if (stateOf(path) === before) return { path: copy, release };
    } catch (error) {
      release();
      throw error;
    }
    release();
  }
  return null;
}

/** Beyond this a copy in memory would be dearer than what it saves. */
const largestInMemoryBytes = 64 * 1024 * 1024;

/** The same in memory, for a disk that has no room for a copy either. Null for a large database too. */
export function databaseInMemory(path: string): Buffer | null {
  for (let n = 0; n < tries; n++) {
    const before = stateOf(path);
    if (before === null || statSync(path).size > largestInMemoryBytes) return null;
    const bytes = readFileSync(path);
    bytes.fill(1, versionsAt, versionsAt + 2);
    if (stateOf(path) === before) return bytes;
  }
  return null;
}

/** Null where a log lies beside the database. */
function stateOf(path: string): string | null {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return null;
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  return [dev, ino, size, mtimeNs].join(':');
}

function useRollbackJournal(path: string): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, Uint8Array.of(1, 1), 0, 2, versionsAt);
  } finally {
    closeSync(file);
  }
}
