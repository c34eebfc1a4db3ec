import { existsSync } from 'node:fs';
import { AppError } from '../base/errors.ts';
import { inodeOf } from '../base/inode.ts';
import { lockFile as lockDatabase } from '../sqlite/lock-file.ts';
import { createPrivately } from '../sqlite/open-privately.ts';

/** A file that this process has locked, until it is closed or the process ends. */
export interface FileLock {
  /** Whether what lies at the path is still the file that is locked. */
  readonly isInPlace: boolean;
  close(): void;
}

/** How often the file may be replaced between its opening and its lock. */
const placeTries = 5;

/** Locks the file at `path`, which is made where it is not there; null when someone else has it. */
export function lockFile(path: string): FileLock | null {
  for (let n = 1; ; n++) {
    usable(path, () => createPrivately(path));
    const inode = inodeOf(path);
    const connection = usable(path, () => lockDatabase(path, { create: true }));
    if (connection === null) return null;
    // A file that was deleted meanwhile is nobody's lock.
    if (inode !== null && inode === inodeOf(path)) {
      return {
        get isInPlace() {
          try {
            return inodeOf(path) === inode;
          } catch {
            // A disk that does not answer says nothing; what is written is held to the fence all the same.
            return true;
          }
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
    const connection = lockDatabase(path, { create: false, kind: 'shared' });
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

/** What SQLite and the file system say, in this room's words. */
function usable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw locksUnusable(path, error);
  }
}
