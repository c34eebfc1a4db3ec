import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inodeOf } from '../../../base/inode.ts';
import { makeFolder } from '../../../base/make-folder.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import { migrateFile, versionState } from '../../../sqlite/migrate.ts';
import { openPrivately } from '../../../sqlite/open-privately.ts';
import { openReadable } from '../../../sqlite/open-readable.ts';
import type {
  CallLedger,
  CallsWanted,
  ReportedUsage,
  SlotCalls,
  SlotSpan,
  StretchedInterval,
} from '../../../sync/ports/call-ledger.ts';
import { callLedgerFault } from './call-ledger-fault.ts';
import { formatOf } from './call-ledger-schema.ts';
import * as records from './call-records.ts';

export const callLedgerFileName = 'usage.db';

/** Writes take well under a millisecond; who waits longer than this waits for a hung process. */
const busyTimeoutMs = 5_000;

/**
 * `usage.db` in the data folder, made by the first call that is reserved (0700, 0600). Throws AppError `DISK_FULL`,
 * `DATA_DIR_UNWRITABLE` or `USAGE_UNREADABLE`; what is there is told where it cannot be written, too.
 */
export class SqliteCallLedger implements CallLedger {
  readonly #path: string;
  #db: Connection | null = null;
  #inode: string | null = null;

  constructor(dataDir: string) {
    this.#path = join(dataDir, callLedgerFileName);
  }

  async callsOf(orgId: string, span: SlotSpan): Promise<SlotCalls[]> {
    return this.#read((db) => records.callsOf(db, orgId, span), []);
  }

  async reserve(orgId: string, wanted: CallsWanted): Promise<number> {
    return this.#write((db) => records.reserveCalls(db, orgId, wanted));
  }

  async giveBack(orgId: string, unneeded: SlotCalls): Promise<void> {
    this.#write((db) => records.giveCallsBack(db, orgId, unneeded));
  }

  async report(orgId: string, usage: ReportedUsage): Promise<void> {
    this.#write((db) => records.saveReported(db, orgId, usage));
  }

  async reported(orgId: string): Promise<ReportedUsage | null> {
    return this.#read((db) => records.readReported(db, orgId), null);
  }

  async mayLook(orgId: string, look: { now: number; everyMs: number }): Promise<boolean> {
    return this.#write((db) => records.takeLook(db, orgId, look));
  }

  async saveStretched(orgId: string, stretched: StretchedInterval | null): Promise<void> {
    this.#write((db) => records.saveStretched(db, orgId, stretched));
  }

  async stretched(orgId: string): Promise<StretchedInterval | null> {
    return this.#read((db) => records.readStretched(db, orgId), null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #write<T>(work: (db: Connection) => T): T {
    try {
      const db = this.#opened();
      return db.transaction(() => work(db)).immediate();
    } catch (error) {
      throw callLedgerFault(this.#path, error);
    }
  }

  /** `none`: what is told where there is no file yet. */
  #read<T>(work: (db: Connection) => T, none: T): T {
    try {
      if (this.#isInPlace() && this.#db !== null) return work(this.#db);
      if (!existsSync(this.#path)) return none;
      const { db } = openReadable(this.#path, { busyMs: busyTimeoutMs });
      try {
        // A file that another process is just making is empty yet.
        return versionState(db, formatOf(this.#path)) === 'outdated' ? none : work(db);
      } finally {
        db.close();
      }
    } catch (error) {
      throw callLedgerFault(this.#path, error);
    }
  }

  /** Another file may have come to lie there: all processes count in the one that does. */
  #opened(): Connection {
    if (this.#db !== null && this.#isInPlace()) return this.#db;
    this.#close();
    makeFolder(dirname(this.#path));
    const db = openPrivately(this.#path, {
      create: true,
      busyMs: busyTimeoutMs,
      journal: 'wal',
      // A reservation outlives the death of its process, which is what it is for. What a power cut takes of the last
      // ones no process has lived on to use.
      pragmas: { synchronous: 'NORMAL' },
    });
    try {
      migrateFile(db, formatOf(this.#path));
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#inode = inodeOf(this.#path);
    return db;
  }

  #isInPlace(): boolean {
    return this.#inode !== null && this.#inode === inodeOf(this.#path);
  }

  #close(): void {
    this.#db?.close();
    this.#db = null;
    this.#inode = null;
  }
}
