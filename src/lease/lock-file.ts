import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../base/errors.ts';
import { inodeOf } from '../base/inode.ts';

/** A file that this process has locked, until it is closed or the process ends. */
export interface FileLock {
  /** Whether what lies at the path is still the file that is locked. */
  readonly isInPlace: boolean;
  close(): void;
}

/** How often the file may be replaced between its opening and its lock. */
const placeTries = 5;

/** Locks the file at `path`, which is made where it is not there; null when someone else has it all of `waitMs`. */
export function lockFile(path: string, waitMs = 0): FileLock | null {
  for (let n = 1; ; n++) {
    createPrivately(path);
    const inode = inodeOf(path);
    const connection = openLocked(path, 'begin exclusive', waitMs);
    if (connection === null) return null;
    // A file that was deleted meanwhile is nobody's lock.
    if (inode !== null && inode === inodeOf(path)) {
      return {
        get isInPlace() {
          return inodeOf(path) === inode;
        },
        close: () => connection.close(),
      };
    }
    connection.close();
    if (n === placeTries) return null;
  }
}

/** Whether some process has locked the file, asked with a shared lock. */
export function isLocked(path: string): boolean {
  // Nobody has ever held it.
  if (!existsSync(path)) return false;
  try {
    const connection = openLocked(path, 'begin; select 1 from sqlite_schema', 0);
    connection?.close();
    return connection === null;
  } catch {
    // A file that may not even be read is another user's, and nothing is known of it.
    return false;
  }
}

export function locksUnusable(path: string, cause: unknown): AppError {
  return new AppError('LOCKS_UNUSABLE', `Lock files cannot be kept in ${path}.`, {
    hint: 'Choose a folder on a local disk that this user can write to (--data-dir).',
    cause,
  });
}

/** A connection with the lock that the statements take, or null when someone else's keeps them from it. */
function openLocked(path: string, statements: string, waitMs: number): Database.Database | null {
  let connection: Database.Database | null = null;
  try {
    connection = new Database(path, { timeout: waitMs });
    // Nothing is ever written, so no journal shall lie about after a kill.
    connection.pragma('journal_mode = memory');
    connection.exec(statements);
    return connection;
  } catch (error) {
    connection?.close();
    if (isBusy(error)) return null;
    throw locksUnusable(path, error);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/**
 * Creates the file with mode 0600 if it is not there. An existing file must not be opened here: closing any
 * descriptor of it would drop this process' POSIX lock on it (sqlite.org/src: os_unix.c, "posix advisory locks").
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw locksUnusable(path, error);
  }
}
