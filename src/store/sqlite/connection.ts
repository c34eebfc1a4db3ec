import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { withFinallySync } from '../../base/finally.ts';
import { makeFolder } from '../../base/make-folder.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { openPrivately } from '../../sqlite/open-privately.ts';
import { openReadable, type Readable } from '../../sqlite/open-readable.ts';
import { sqliteFaultOf } from '../../sqlite/sqlite-fault.ts';
import { mapSqliteFault } from './sqlite-fault.ts';

/**
 * How long SQLite itself waits, blocking its thread, for another process' lock. The caller of a write tries
 * again; longer here would keep a writer thread's other mirrors waiting.
 */
const writeTimeoutMs = 50;
/** A reader waits only while another process recovers a log that a killed one left. */
const readTimeoutMs = 5_000;

/** Measured on rows of 60 columns: 8 KB pages insert a tenth faster than 4 KB ones, 16 KB no faster. */
const pageSize = 8_192;
/** KB; a bigger cache was no faster for rows that arrive in id order, and each open mirror has one. */
const cacheKb = 8_192;
/** KB; SQLite sorts in as much memory as the cache may have, besides the cache itself. */
const sortingCacheKb = 2_048;
/** The write-ahead log is cut back to this after a large page, so that it does not stay large for ever. */
const journalLimitBytes = 64 * 1024 * 1024;

/** A connection that writes; creates file and folder (0600, 0700) where `create` is set. */
export function openForWriting(path: string, create: boolean): Connection {
  const isNew = !existsSync(path);
  if (isNew && !create) throw noMirror(path);
  try {
    if (isNew) {
      makeFolder(dirname(path));
      // Left by a mirror that was deleted without them; whoever still has that one open goes on using its index.
      for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    }
    return openPrivately(path, {
      create,
      busyMs: writeTimeoutMs,
      journal: 'wal',
      pageSize,
      pragmas: {
        // A commit survives the death of the process; a power cut may take the last ones, rows and cursor alike.
        synchronous: 'NORMAL',
        cache_size: -cacheKb,
        journal_size_limit: journalLimitBytes,
        foreign_keys: 'OFF',
      },
    });
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

/** How long a reader's snapshot may keep the log from being emptied. */
const emptyLogMs = 2_000;

/** Brings all of the log into the database, so that the one is whole without the other. Throws `MIRROR_BUSY`. */
export function emptyLog(path: string): void {
  const db = openForWriting(path, false);
  try {
    db.pragma(`busy_timeout = ${emptyLogMs}`);
    const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (outcome?.busy === 0) return;
    throw new AppError('MIRROR_BUSY', `The mirror ${path} is being read by another program.`, {
      hint: 'Run the command again when that one has ended.',
      details: { path },
    });
  } finally {
    db.close();
  }
}

/** For work that sorts a whole table: what was cached makes room, and so does what the sort takes. */
export function withSmallCache<T>(db: Connection, work: () => T): T {
  db.pragma(`cache_size = -${sortingCacheKb}`);
  db.pragma('shrink_memory');
  return withFinallySync(work, () => void db.pragma(`cache_size = -${cacheKb}`));
}

/** A connection that only reads, and never waits for a writer (WAL). Throws AppError `NO_MIRROR`. */
export function openForReading(path: string): Connection {
  const { db, standsInFor } = openToTell(path);
  // Who may not write there will not write there in a while either.
  if (standsInFor === null || sqliteFaultOf(standsInFor) === 'unwritable') return db;
  db.close();
  throw mapSqliteFault(standsInFor, path);
}

/**
 * The same for whoever only tells what is there, on a full disk too: there something stands in for the file that must
 * be closed before it is written.
 */
export function openToTell(path: string): Readable {
  if (!existsSync(path)) throw noMirror(path);
  try {
    return openReadable(path, { busyMs: readTimeoutMs });
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

export function noMirror(path: string): AppError {
  return new AppError('NO_MIRROR', `There is no mirror at ${path} yet.`, {
    hint: 'Run "parahack-sync backfill" for this org first.',
    details: { path },
  });
}
