import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import type { Connection } from '../sqlite/connection.ts';
import { openPrivately } from '../sqlite/open-privately.ts';
import { cannotWrite, openReadable, type Readable } from '../sqlite/open-readable.ts';
import { sqliteFaultOf } from '../sqlite/sqlite-fault.ts';
import { foreignRegistry, registryFault, registryFileName } from './registry-fault.ts';
import { isForeign, migrateRegistry } from './registry-schema.ts';

/** Writes take well under a millisecond; who waits longer than this waits for a hung process. */
const busyTimeoutMs = 5_000;

/**
 * The open `registry.db`, which other processes write, and people move, delete and put back. Opening makes folder and
 * file where they are not there (0700, 0600) and throws AppError `DATA_DIR_UNWRITABLE`, `DATA_DIR_BUSY`,
 * `DISK_FULL`, `REGISTRY_CORRUPT` or `REGISTRY_NEWER_THAN_TOOL`.
 */
export class RegistryFile {
  readonly #dataDir: string;
  readonly #path: string;
  #opened: Readable;
  #stamp: FileStamp | null;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, registryFileName);
    this.#opened = openDatabase(dataDir);
    this.#stamp = stampOf(this.#path);
  }

  /** Whether what is open is the file of that name. */
  isInPlace(): boolean {
    return stampOf(this.#path)?.file === this.#stamp?.file;
  }

  /**
   * A file that was put in the place of the open one, or was written past SQLite, is read anew; what is open stays where
   * that one cannot be opened. Not within a transaction.
   */
  lookAgain(): void {
    const now = stampOf(this.#path);
    if (now === null || now.state === this.#stamp?.state || this.#opened.standsInFor !== null) return;
    const next = openDatabase(this.#dataDir);
    // Where the file was deleted, whoever lists the orgs next makes an empty one, which says nothing of them.
    if (now.file !== this.#stamp?.file && !holdsOrgs(next.db) && holdsOrgs(this.#opened.db)) {
      next.db.close();
      return;
    }
    this.#take(next, now);
  }

  reading<T>(read: (db: Connection) => T): T {
    const db = this.#reopened();
    try {
      return read(db);
    } catch (error) {
      throw isOfFile(error) ? registryFault(this.#dataDir, error) : error;
    } finally {
      if (this.#opened.locksOut) db.close();
    }
  }

  /**
   * In one transaction. `makes`: what is written goes to the file of that name, be it made for that; else, where there
   * is none, nobody will read it. Where it can be read only, or the disk is full, this is what tells it.
   */
  writing<T>(write: (db: Connection) => T, { makes = false }: { makes?: boolean } = {}): T {
    this.#lookBeforeWriting(makes);
    const db = this.#reopened();
    if (this.#opened.standsInFor !== null) throw registryFault(this.#dataDir, this.#opened.standsInFor);
    try {
      return db.transaction(() => write(db)).immediate();
    } catch (error) {
      throw cannotWrite(error) || isOfFile(error) ? registryFault(this.#dataDir, error) : error;
    }
  }

  #lookBeforeWriting(makes: boolean): void {
    try {
      if (makes && !this.isInPlace()) this.#take(openDatabase(this.#dataDir));
      else this.lookAgain();
    } catch (error) {
      // What a watch notes of an org that it knows must not end its cycles.
      if (makes) throw error;
    }
  }

  close(): void {
    this.#opened.db.close();
  }

  #take(next: Readable, stamp = stampOf(this.#path)): void {
    this.#opened.db.close();
    this.#opened = next;
    this.#stamp = stamp;
  }

  /** What stands in for the file is of the moment, so it is opened anew each time. */
  #reopened(): Connection {
    if (this.#opened.standsInFor !== null) this.#take(openDatabase(this.#dataDir));
    return this.#opened.db;
  }
}

/** What it says of the file, whatever was asked of it. */
function isOfFile(error: unknown): boolean {
  const fault = sqliteFaultOf(error);
  return fault === 'damaged' || fault === 'busy';
}

interface FileStamp {
  /** Another one where it is another file. */
  file: string;
  /** Another one where it is another file or was written. */
  state: string;
}

/** Null where there is none, or one that is yet to be written. */
function stampOf(path: string): FileStamp | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || stats.size === 0n) return null;
  const file = `${stats.dev}:${stats.ino}`;
  return { file, state: `${file}:${stats.size}:${stats.mtimeNs}` };
}

/** False where that cannot be told, too. */
function holdsOrgs(db: Connection): boolean {
  try {
    return db.prepare('select 1 from org').get() !== undefined;
  } catch {
    return false;
  }
}

function openDatabase(dataDir: string): Readable {
  const path = join(dataDir, registryFileName);
  const refuse = (db: Connection) => {
    if (isForeign(db)) throw foreignRegistry(dataDir);
  };
  try {
    makeFolder(dataDir);
    const db = openPrivately(path, {
      create: true,
      busyMs: busyTimeoutMs,
      journal: 'wal',
      pragmas: { synchronous: 'FULL' },
      refuse,
    });
    try {
      migrateRegistry(db, path);
      return { db, standsInFor: null, locksOut: false };
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    const standIn = error instanceof Error && cannotWrite(error) ? openStandIn(path, error, refuse) : null;
    if (standIn !== null) return standIn;
    throw registryFault(dataDir, error);
  }
}

/** What the folder's orgs are, where nothing can be written to it; null where that cannot be told either. */
function openStandIn(path: string, standsInFor: Error, refuse: (db: Connection) => void): Readable | null {
  let readable: Readable | null = null;
  try {
    readable = openReadable(path, { busyMs: busyTimeoutMs });
    refuse(readable.db);
    migrateRegistry(readable.db, path);
    return { ...readable, standsInFor };
  } catch (error) {
    readable?.db.close();
    if (isAppError(error)) throw error;
    return null;
  }
}
