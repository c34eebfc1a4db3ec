import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { systemCodeOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';

export interface FileOptions {
  /** Whether a file that is not there is made; else SQLite's own error says that it is missing. */
  create: boolean;
  /** How long SQLite itself waits, blocking its thread, for another's lock, milliseconds. */
  busyMs: number;
  /** `wal`: readers beside one writer. `memory`: nothing beside the file, and nothing kept for after a kill. */
  journal: 'wal' | 'memory';
  /** Of a new file, bytes. */
  pageSize?: number;
  pragmas?: Readonly<Record<string, string | number>>;
  /** Looks at the file before anything of it is set, and throws where it is another program's. */
  refuse?(db: Connection): void;
}

/** Opens a file to be read and written, for this user alone. Throws SQLite's or the system's own error. */
export function openPrivately(
  path: string,
  { create, busyMs, journal, pageSize, pragmas = {}, refuse }: FileOptions,
): Connection {
  const isNew = create && createPrivately(path);
  const db = new Database(path, { timeout: busyMs, fileMustExist: !create });
  try {
    refuse?.(db);
    if (isNew && pageSize !== undefined) db.pragma(`page_size = ${pageSize}`);
    // Asked first: setting it takes a lock that concurrent first starts would fight for.
    if (db.pragma('journal_mode', { simple: true }) !== journal) db.pragma(`journal_mode = ${journal}`);
    for (const [name, value] of Object.entries(pragmas)) db.pragma(`${name} = ${value}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Makes an empty file with mode 0600, which SQLite gives its -wal and -shm too; false where it is there already. An
 * existing one is not opened for that: closing any descriptor of it would drop this process' POSIX locks on it
 * (sqlite.org/src: os_unix.c, "posix advisory locks").
 */
export function createPrivately(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}
