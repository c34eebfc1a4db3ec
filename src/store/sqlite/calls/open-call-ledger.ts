import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Connection } from '../../../sqlite/connection.ts';
import { lockFile } from '../../../sqlite/lock-file.ts';
import { migrateFile } from '../../../sqlite/migrate.ts';
import { openPrivately } from '../../../sqlite/open-privately.ts';
import { damage, formatOf } from './call-ledger-schema.ts';

/** Writes take well under a millisecond; who waits longer than this waits for a hung process. */
export const busyTimeoutMs = 5_000;
/** Of a database, and of what SQLite keeps beside it. The database first: who misses it waits for the lock. */
export const fileEnds = ['', '-wal', '-shm', '-journal'] as const;

/**
 * Opens the file, which is made where there is none. It appears when it is whole, so that an empty one was cut off.
 * Throws SQLite's or the system's own error, with `SQLITE_NOTADB` for whatever is damaged.
 */
export function openCallLedger(path: string): Connection {
  if (!existsSync(path)) {
    withPlaceLocked(path, () => {
      if (existsSync(path)) return;
      // Whoever was killed between the two has left it, with what it says of a loss.
      if (!isSound(newPath(path))) makeNew(path, null);
      renameSync(newPath(path), path);
    });
  }
  return openWhole(path);
}

/** Whether the file can be used, as far as its content goes. */
export function isSound(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    openWhole(path).close();
    return true;
  } catch {
    return false;
  }
}

/** Makes an empty one beside its place. `lostAt`: when another was lost, whose calls nobody knows. */
export function makeNew(path: string, lostAt: number | null): void {
  const made = newPath(path);
  for (const end of fileEnds) rmSync(made + end, { force: true });
  const db = opened(made, true);
  try {
    migrateFile(db, formatOf(path));
    if (lostAt !== null) db.prepare('INSERT INTO loss (at) VALUES (?)').run(lostAt);
  } finally {
    db.close();
  }
}

export const newPath = (path: string) => `${path}.new`;

/** One process at a time makes or replaces the file. Throws what keeps it from that. */
export function withPlaceLocked(path: string, work: () => void): void {
  const lockPath = path.replace(/\.db$/, '.lock');
  const lock = lockFile(lockPath, { create: true, waitMs: busyTimeoutMs });
  if (lock === null)
    throw Object.assign(new Error(`${lockPath} is held by another process.`), { code: 'SQLITE_BUSY' });
  try {
    work();
  } finally {
    lock.close();
  }
}

function openWhole(path: string): Connection {
  if (statSync(path).size === 0) throw damage(`The file ${path} is empty.`);
  const db = opened(path, false);
  try {
    migrateFile(db, formatOf(path));
    const found = db.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw damage(String(found));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function opened(path: string, create: boolean): Connection {
  return openPrivately(path, {
    create,
    busyMs: busyTimeoutMs,
    journal: 'wal',
    // A reservation outlives the death of its process, which is what it is for. What a power cut takes of the last
    // ones no process has lived on to use.
    pragmas: { synchronous: 'NORMAL' },
  });
}
