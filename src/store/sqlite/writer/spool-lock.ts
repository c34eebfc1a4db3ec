import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { systemCodeOf } from '../../../base/errors.ts';

/** Beside the file and not on it, which the intake writes and a mirror's writer reads meanwhile. */
const lockPath = (path: string) => `${path}.lock`;

/**
 * Holds a staged file as in use until that is ended, or with its process. Other containers cannot tell whether a
 * process lives, and its file's age says nothing where a machine slept or a clock leapt; the lock they see.
 */
export function holdSpool(path: string): () => void {
  closeSync(openSync(lockPath(path), 'wx', 0o600));
  let lock: Database.Database | null = null;
  const end = () => {
    lock?.close();
    rmSync(lockPath(path), { force: true });
  };
  try {
    lock = new Database(lockPath(path));
    // Nothing is ever written, so no journal shall lie about after a kill.
    lock.pragma('journal_mode = memory');
    lock.exec('begin exclusive');
    return end;
  } catch (error) {
    end();
    throw error;
  }
}

/** Whether some process, wherever it runs, holds the staged file. */
export function isSpoolHeld(path: string): boolean {
  if (!existsSync(lockPath(path))) return false;
  let lock: Database.Database | null = null;
  try {
    lock = new Database(lockPath(path), { timeout: 0, fileMustExist: true });
    lock.pragma('journal_mode = memory');
    lock.exec('begin exclusive');
    return false;
  } catch (error) {
    return systemCodeOf(error)?.startsWith('SQLITE_BUSY') === true;
  } finally {
    lock?.close();
  }
}
