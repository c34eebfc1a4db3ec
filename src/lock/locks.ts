import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { throwIfAborted } from '../base/abort.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';

export interface LockHolder {
  pid: number;
  /** Milliseconds since 1970. */
  since: number;
  /** What it holds it for, where it said so. */
  purpose?: string;
}

/** A lock that is held. It ends with `release`, or with its process, however that ends. */
export interface HeldLock {
  readonly name: string;
  /** Safe to call twice. */
  release(): void;
  [Symbol.dispose](): void;
}

export interface AcquireOptions {
  signal?: AbortSignal;
  /** Time between two tries, milliseconds; 25 unless told. */
  pollMs?: number;
  /** Gives up with AppError `LOCK_TIMEOUT` after so long; waits as long as it takes unless told. */
  timeoutMs?: number;
}

export interface Locks {
  readonly folder: string;
  /** Null when this or another process holds it. Throws AppError `LOCKS_UNUSABLE` where the folder forbids locks. */
  tryAcquire(name: string, options?: { purpose?: string }): HeldLock | null;
  acquire(name: string, options?: AcquireOptions): Promise<HeldLock>;
  /** Lends the lock to `work` and takes it back whatever happens. */
  withLock<T>(name: string, work: () => Promise<T>, options?: AcquireOptions): Promise<T>;
  /** Who holds it now, as far as is known; null when it is free. Information for people, nothing to decide on. */
  holderOf(name: string): LockHolder | null;
}

/** How long a holder waits for processes that look at its `.shown` file; a look takes microseconds. */
const longestLookMs = 500;

/**
 * Locks that the operating system releases when their process dies, two small SQLite files each, shared by
 * every process that opens the same folder. Folder 0700, files 0600.
 */
export function openLocks(folder: string, { clock = systemClock }: { clock?: Clock } = {}): Locks {
  let prepared: string | null = null;
  /** Made by the first lock that is taken, so that whoever only asks needs no right to write. */
  const root = (): string => (prepared ??= prepareFolder(folder));

  const tryAcquire = (name: string, { purpose }: { purpose?: string } = {}): HeldLock | null => {
    const path = join(root(), `${fileNameOf(name)}.lock`);
    const holderPath = join(root(), `${fileNameOf(name)}.holder`);
    const connection = lockFile(path);
    if (connection === null) return null;
    const shown = showLocked(join(root(), `${fileNameOf(name)}.shown`));
    const since = clock.now();
    noteHolder(holderPath, { pid: process.pid, since, ...(purpose === undefined ? {} : { purpose }) });
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      forgetHolder(holderPath);
      shown?.close();
      connection.close();
    };
    return { name, release, [Symbol.dispose]: release };
  };

  const acquire = async (
    name: string,
    { signal, pollMs = 25, timeoutMs }: AcquireOptions = {},
  ): Promise<HeldLock> => {
    const startedMs = clock.monotonicMs();
    for (;;) {
      throwIfAborted(signal);
      const lock = tryAcquire(name);
      if (lock !== null) return lock;
      if (timeoutMs !== undefined && clock.monotonicMs() - startedMs >= timeoutMs) {
        throw new AppError('LOCK_TIMEOUT', `The lock "${name}" stayed taken for ${timeoutMs} ms.`, {
          details: { holder: holderOf(name) },
        });
      }
      // Half to one and a half of the interval, so that many waiters do not knock in step.
      await clock.sleep(pollMs * (0.5 + Math.random()), { signal });
    }
  };

  const holderOf = (name: string): LockHolder | null => {
    if (!existsSync(folder)) return null;
    const known = realpathSync(folder);
    if (!isShown(join(known, `${fileNameOf(name)}.shown`))) return null;
    return readHolder(join(known, `${fileNameOf(name)}.holder`));
  };

  return {
    get folder() {
      return root();
    },
    tryAcquire,
    acquire,
    holderOf,
    async withLock(name, work, options) {
      const lock = await acquire(name, options);
      try {
        return await work();
      } finally {
        lock.release();
      }
    },
  };
}

function prepareFolder(folder: string): string {
  try {
    makeFolder(folder);
    // Two names of one folder must lead to one lock: SQLite tells files apart by inode, people do not.
    return realpathSync(folder);
  } catch (error) {
    throw unusable(folder, error);
  }
}

/** Lock names may hold host names, ports and ids; whatever a file system could misread is escaped. */
function fileNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, (c) => `%${c.codePointAt(0)?.toString(16)}`);
}

/** An exclusively locked connection, or null when someone else has it all the time. */
function lockFile(path: string, waitMs = 0): Database.Database | null {
  return openLocked(path, 'begin exclusive', waitMs);
}

/**
 * Whoever holds the lock locks a second file too, and whoever asks looks at that one only, with a shared lock:
 * asking never keeps anyone from taking the lock itself. Null where a process was halted while it looked.
 */
function showLocked(path: string): Database.Database | null {
  try {
    return lockFile(path, longestLookMs);
  } catch {
    // Like the holder's note a courtesy to those who ask; the lock is what counts.
    return null;
  }
}

function isShown(path: string): boolean {
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

/** A connection with the lock that the statements take, or null when someone else's keeps them from it. */
function openLocked(path: string, statements: string, waitMs: number): Database.Database | null {
  createPrivately(path);
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
    throw unusable(path, error);
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
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, error);
  }
}

function noteHolder(path: string, holder: LockHolder): void {
  try {
    writeFileSync(path, JSON.stringify(holder), { mode: 0o600 });
  } catch {
    // The lock is what counts; who holds it is a courtesy to whoever waits.
  }
}

/** Whoever finds a note beside a free lock does not believe it, so one that cannot be removed does no harm. */
function forgetHolder(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder may have become read-only; the lock itself must be given back all the same.
  }
}

function readHolder(path: string): LockHolder | null {
  try {
    const { pid, since, purpose } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockHolder>;
    if (typeof pid !== 'number' || typeof since !== 'number') return null;
    return { pid, since, ...(typeof purpose === 'string' ? { purpose } : {}) };
  } catch {
    return null;
  }
}

function unusable(path: string, cause: unknown): AppError {
  return new AppError('LOCKS_UNUSABLE', `Lock files cannot be kept in ${path}.`, {
    hint: 'Choose a folder on a local disk that this user can write to (--data-dir).',
    cause,
  });
}
