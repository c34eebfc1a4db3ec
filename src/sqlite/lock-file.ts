import { truncateSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Connection } from './connection.ts';
import { createPrivately } from './open-privately.ts';
import { sqliteFaultOf } from './sqlite-fault.ts';

export interface LockFileOptions {
  /** Whether a file that is not there is made. */
  create: boolean;
  /** `shared`: many may hold it together, and none beside an exclusive one. */
  kind?: 'exclusive' | 'shared';
  /** How long it waits, blocking its thread, for another's lock; not at all by default. */
  waitMs?: number;
}

/**
 * A connection that holds a lock on a file which is there for that alone, or null where somebody else's keeps it from
 * that. It ends with the connection, and so with its process. What the file holds is worth nothing: an exclusive lock
 * empties it where SQLite takes it for damaged. Throws SQLite's or the system's own error.
 */
export function lockFile(path: string, options: LockFileOptions): Connection | null {
  const { create, kind = 'exclusive' } = options;
  if (create) createPrivately(path);
  try {
    return locked(path, options);
  } catch (error) {
    if (kind === 'shared' || sqliteFaultOf(error) !== 'damaged') throw error;
  }
  // Whoever read as far as that has had the lock for a moment, so nobody holds it.
  truncateSync(path);
  return locked(path, options);
}

function locked(path: string, { kind = 'exclusive', waitMs = 0 }: LockFileOptions): Connection | null {
  let db: Connection | null = null;
  try {
    db = new Database(path, { timeout: waitMs, fileMustExist: true });
    // Nothing is ever read or written: a watch holds hundreds of locks, and a cache for each would be 80 KB of memory.
    db.pragma('page_size = 512');
    // No journal shall lie about after a kill.
    db.pragma('journal_mode = memory');
    db.pragma('cache_size = 1');
    db.pragma('shrink_memory');
    db.exec(kind === 'exclusive' ? 'begin exclusive' : 'begin; select 1 from sqlite_schema');
    return db;
  } catch (error) {
    db?.close();
    if (sqliteFaultOf(error) === 'busy') return null;
    throw error;
  }
}
