import { withFinallySync } from '../../../base/finally.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import type { Fence } from '../../write-kinds.ts';
import { checkFences, refuseLost } from '../fence-records.ts';
import { refreshDueRows } from '../local-rows.ts';
import { prepared } from '../prepared.ts';

export interface TransactionOptions {
  /** A file that it works on besides the mirror, and the schema's name that it has meanwhile. */
  attach?: { name: 'fresh' | 'staging' | 'spool'; path: string };
  /** On disk before it returns: what a request carries must survive a power cut. */
  durable?: boolean;
}

/**
 * All of `work` or nothing, with the local rows that follow from it. The fences are checked last, and with them it
 * stands or falls.
 */
export function inTransaction<T>(
  db: Connection,
  fences: readonly Fence[],
  work: () => T,
  { attach, durable = false }: TransactionOptions = {},
): T {
  // SQLite attaches a file, and changes how it syncs, outside of transactions only.
  if (attach !== undefined) {
    prepared(db, `ATTACH ? AS ${attach.name}`).run(attach.path);
    return withFinallySync(
      () => inTransaction(db, fences, work, { durable }),
      () => void db.exec(`DETACH ${attach.name}`),
    );
  }
  syncAs(db, durable ? 'FULL' : 'NORMAL');
  // A lock held by another process is met before anything was done.
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

type SyncLevel = 'FULL' | 'NORMAL';

/** How connections sync that did not stay with what they were opened with. */
const levels = new WeakMap<Connection, SyncLevel>();

/** Of many durable transactions in a row only the first one pays for the change. */
function syncAs(db: Connection, level: SyncLevel): void {
  if ((levels.get(db) ?? 'NORMAL') === level) return;
  db.pragma(`synchronous = ${level}`);
  levels.set(db, level);
}

function fencedWork<T>(db: Connection, fences: readonly Fence[], work: () => T): T {
  try {
    const value = work();
    refreshDueRows(db);
    return value;
  } catch (error) {
    refuseLost(db, fences);
    throw error;
  }
}
