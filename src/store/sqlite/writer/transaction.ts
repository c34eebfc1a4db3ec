import { withFinallySync } from '../../../base/finally.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import type { Fence } from '../../write-kinds.ts';
import { checkFences, refuseLost } from '../fence-records.ts';

/**
 * BEGIN IMMEDIATE, so that a lock held by another process is met before anything was done. The fences are checked last,
 * and with them all of it stands or falls.
 */
export function inTransaction<T>(db: Connection, fences: readonly Fence[], work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  return withFinallySync(
    () => {
      const value = fencedWork(db, fences, work);
      checkFences(db, fences);
      db.exec('COMMIT');
      return value;
    },
    // SQLite has rolled back by itself after some errors, a full disk for one.
    () => {
      if (db.inTransaction) db.exec('ROLLBACK');
    },
  );
}

/** The same, on disk before it returns: what a request carries must survive a power cut. */
export function inDurableTransaction<T>(db: Connection, fences: readonly Fence[], work: () => T): T {
  db.pragma('synchronous = FULL');
  return withFinallySync(
    () => inTransaction(db, fences, work),
    () => void db.pragma('synchronous = NORMAL'),
  );
}

function fencedWork<T>(db: Connection, fences: readonly Fence[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    refuseLost(db, fences);
    throw error;
  }
}
