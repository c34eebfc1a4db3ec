import { withFinallySync } from '../../../base/finally.ts';
import type { Connection } from '../../../sqlite/connection.ts';

/** BEGIN IMMEDIATE, so that a lock held by another process is met before anything was done. */
export function inTransaction<T>(db: Connection, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  return withFinallySync(
    () => {
      const value = work();
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
export function inDurableTransaction<T>(db: Connection, work: () => T): T {
  db.pragma('synchronous = FULL');
  return withFinallySync(
    () => inTransaction(db, work),
    () => void db.pragma('synchronous = NORMAL'),
  );
}
