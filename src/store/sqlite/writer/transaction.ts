import type { Connection } from '../connection.ts';

/** BEGIN IMMEDIATE, so that a lock held by another process is met before anything was done. */
export function inTransaction<T>(db: Connection, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    // SQLite has rolled back by itself after some errors, a full disk for one.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** The same, on disk before it returns: what a request carries must survive a power cut. */
export function inDurableTransaction<T>(db: Connection, work: () => T): T {
  db.pragma('synchronous = FULL');
  try {
    return inTransaction(db, work);
  } finally {
    db.pragma('synchronous = NORMAL');
  }
}
