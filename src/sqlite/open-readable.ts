import Database from 'better-sqlite3';
import { systemCodeOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import { databaseInMemory, snapshotDatabase } from './database-snapshot.ts';

export interface Readable {
  db: Connection;
  /** Null where `db` is the file itself, open beside all others; else why it could not be opened so. */
  standsInFor: Error | null;
  /** Nobody else can open the file as long as `db` is open. */
  locksOut: boolean;
}

/**
 * Opens a database in WAL mode to be read, also where SQLite cannot make the index that it needs for that: a disk with
 * no room or no inode left, a read-only folder. What stands in then is a copy of the moment, or the file itself with a
 * lock that keeps all others out; it refuses writes, and is to be closed soon. Throws SQLite's own error.
 */
export function openReadable(path: string, { busyMs }: { busyMs: number }): Readable {
  const readOnly = (file: string) => begun(new Database(file, { readonly: true, timeout: busyMs }));
  try {
    return { db: readOnly(path), standsInFor: null, locksOut: false };
  } catch (error) {
    if (!(error instanceof Error) || !cannotWrite(error)) throw error;
    const standIn =
      attempt(() => inMemory(path)) ??
      attempt(() => alone(path, busyMs)) ??
      attempt(() => ofCopy(path, readOnly));
    if (standIn === null) throw error;
    return { ...standIn, standsInFor: error };
  }
}

/** What SQLite says where it cannot make, enlarge or write the database and what lies beside it. */
export function cannotWrite(error: unknown): boolean {
  return /^SQLITE_(READONLY|CANTOPEN|FULL|IOERR_SHM)/.test(systemCodeOf(error) ?? '');
}

type StandIn = Pick<Readable, 'db' | 'locksOut'>;

function inMemory(path: string): StandIn | null {
  const bytes = databaseInMemory(path);
  return bytes === null ? null : { db: begun(new Database(bytes)), locksOut: false };
}

/** Whoever locks all others out keeps the index in memory (sqlite.org/wal.html, "Use of WAL Without Shared-Memory"). */
function alone(path: string, busyMs: number): StandIn {
  const db = new Database(path, { fileMustExist: true, timeout: busyMs });
  db.pragma('locking_mode = EXCLUSIVE');
  return { db: begun(db), locksOut: true };
}

function ofCopy(path: string, open: (file: string) => Connection): StandIn | null {
  const snapshot = snapshotDatabase(path);
  if (snapshot === null) return null;
  try {
    return { db: open(snapshot.path), locksOut: false };
  } finally {
    // An open file outlives its name.
    snapshot.release();
  }
}

function begun(db: Connection): Connection {
  try {
    db.pragma('query_only = ON');
    db.pragma('temp_store = MEMORY');
    // The first look at the file shows whether it can be read.
    db.pragma('user_version');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Another way may still be open; what went wrong first is what is told. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
