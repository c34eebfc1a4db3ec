import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { OrgFault } from '../schema/fault.ts';

/** What every state file has, whatever its org; all of them are made in one transaction. */
export const bookkeeping = ['_meta', '_counter', '_delete_log', '_hidden'] as const;

export const stateFileInUse = 'STATE_FILE_IN_USE';

/** An emulator that is just closing needs no longer. */
const waitForOtherMs = 500;

/**
 * Opens a state file, or makes it. Until it is closed nobody else can open it: two emulators would give the same row
 * numbers, and the lock is the system's, so that a killed process leaves none behind. Another program's file is left
 * as it is: an org's tables have names like `Contact`, and those that are there are made anew.
 */
export function openStateFile(path: string): Database.Database {
  const isThere = existsSync(path);
  // Contacts and logins are nobody else's.
  if (!isThere) closeSync(openSync(path, 'a', 0o600));
  const db = new Database(path, { timeout: waitForOtherMs });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    if (!isOurs(db)) throw new Error('it is a database of another program');
    for (const file of [path, `${path}-wal`]) if (existsSync(file)) chmodSync(file, 0o600);
    db.pragma('journal_mode = WAL');
    // With WAL the lock is taken by the first write only.
    db.exec('begin immediate; commit');
    return db;
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new OrgFault(stateFileInUse, 'it is in use by another emulator');
  }
}

function isOurs(db: Database.Database): boolean {
  const tables = db.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[];
  return tables.length === 0 || bookkeeping.every((name) => tables.includes(name));
}
