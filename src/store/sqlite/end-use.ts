import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { isAppError } from '../../base/errors.ts';
import { withFinallySync } from '../../base/finally.ts';
import type { Logger } from '../../base/logger.ts';
import { retry } from '../../base/retry.ts';
import { contact } from '../../org/synced-object.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Fence } from '../write-kinds.ts';
import { openForReading, openForWriting } from './connection.ts';
import { adjustView } from './contact-schema.ts';
import { checkFences } from './fence-records.ts';
import { busyPauseMs, busyTries } from './mirror-file.ts';
import { refuseEdits } from './refuse-edits.ts';
import { readAsCurrent } from './schema.ts';
import { damaged, withMappedFaults } from './sqlite-fault.ts';

export interface Ending {
  log: Pick<Logger, 'warn'>;
  clock: Pick<Clock, 'sleep'>;
  /** Ends the waits for another program's transaction. */
  signal?: AbortSignal | undefined;
  /** The org's. */
  lease: Fence;
  /** How many entries keep the mirror in use; asked in the transaction that ends it. */
  count(db: Connection): number;
  /** What a program is told that writes to the mirror from then on. */
  message: string;
  /** The file is kept: where it is damaged nothing is written to it, for what it holds may be all that is left. */
  keeps?: boolean;
}

/** A mirror of which SQLite or the file system says so can be told nothing more. */
const untold = ['MIRROR_CORRUPT', 'MIRROR_FAILED', 'DISK_FULL', 'DATA_DIR_UNWRITABLE'] as const;

/**
 * Takes the mirror at `path` out of use by `takeAway`, which removes its files or moves them. A program that has them
 * open goes on writing to them wherever they are, so its edits are refused first. Returns how many entries keep the mirror,
 * which is then used as before; 0 where it was taken away. Throws `MIRROR_BUSY` and `LEASE_LOST`.
 */
export async function endUse(path: string, ending: Ending, takeAway: () => void): Promise<number> {
  const { log, clock, signal } = ending;
  const attempt = async () => withMappedFaults(path, () => endOnce(path, ending, takeAway));
  try {
    if (existsSync(path)) return await retry(attempt, { clock, signal, waitMs: whileBusy });
  } catch (error) {
    if (!isAppError(error, ...untold)) throw error;
    const open = countByReading(path, ending);
    if (open > 0) return open;
    log.warn(
      `programs that have ${path} open could not be refused their edits, which nobody sends any more: end them`,
      { reason: error.message },
    );
  }
  withMappedFaults(path, takeAway);
  return 0;
}

function whileBusy(error: unknown, failures: number): number | null {
  return isAppError(error, 'MIRROR_BUSY') && failures + 1 < busyTries ? busyPauseMs : null;
}

/**
 * In two transactions. The first one is for a kill: whatever is left of the files takes no edits, and the mirror's own
 * next write makes the view anew. The second one does the same again, and takes the files away before it ends: until then nobody
 * can have made the view anew, or have queued anything, and from then on nobody finds the files.
 */
function endOnce(
  path: string,
  { lease, count, message, keeps = false }: Ending,
  takeAway: () => void,
): number {
  const db = openForWriting(path, false);
  const end = db.transaction((last: () => void): number => {
    checkFences(db, [lease]);
    const open = count(db);
    if (open > 0) adjustView(db, contact.name);
    else {
      refuseEdits(db, message);
      last();
    }
    return open;
  });
  return withFinallySync(
    () => {
      if (keeps) assertReadable(db, path);
      const open = end.immediate(() => {});
      if (open > 0) return open;
      // The log is removed before the database, which whoever opens it in between shall find like this.
      db.pragma('wal_checkpoint(PASSIVE)');
      // Windows removes no file that somebody has open.
      if (process.platform === 'win32') db.close();
      try {
        if (db.open) return end.immediate(takeAway);
        takeAway();
        return 0;
      } catch (error) {
        // It stays, so it is to take edits again; where that fails too, its own next write makes the view anew.
        if (db.open) takeEditsAgain(db);
        throw error;
      }
    },
    () => void db.close(),
  );
}

function takeEditsAgain(db: Connection): void {
  try {
    db.transaction(() => adjustView(db, contact.name)).immediate();
  } catch {
    // The error that goes up says what happened.
  }
}

/** Where it can be read still, though not written; 0 where it cannot be told. */
function countByReading(path: string, { count }: Ending): number {
  try {
    const db = openForReading(path);
    return withFinallySync(
      () => {
        readAsCurrent(db);
        return count(db);
      },
      () => void db.close(),
    );
  } catch {
    return 0;
  }
}

function assertReadable(db: Connection, path: string): void {
  const fault = db.pragma('quick_check(1)', { simple: true });
  if (fault !== 'ok') throw damaged(path, String(fault));
}
