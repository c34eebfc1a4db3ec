import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAppError } from '../../../base/errors.ts';
import { withFinallySync } from '../../../base/finally.ts';
import { inodeOf } from '../../../base/inode.ts';
import { makeFolder } from '../../../base/make-folder.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import { versionState } from '../../../sqlite/migrate.ts';
import { openReadable } from '../../../sqlite/open-readable.ts';
import { sqliteFaultOf } from '../../../sqlite/sqlite-fault.ts';
import type {
  AskedRest,
  CallLedger,
  CallsWanted,
  ReportedUsage,
  SlotCalls,
  SlotSpan,
  StretchedInterval,
} from '../../../sync/ports/call-ledger.ts';
import { callLedgerFault } from './call-ledger-fault.ts';
import { damage, formatOf } from './call-ledger-schema.ts';
import * as records from './call-records.ts';
import { type MendOptions, mendCallLedger } from './mend-call-ledger.ts';
import { busyTimeoutMs, openCallLedger } from './open-call-ledger.ts';

export const callLedgerFileName = 'usage.db';

/**
 * `usage.db` in the data folder, made by the first call that is reserved (0700, 0600). One that is damaged is set aside
 * and begun anew, with a warning. Throws AppError `DISK_FULL`, `DATA_DIR_UNWRITABLE`, `DATA_DIR_BUSY` or, for a newer version's file,
 * `USAGE_UNREADABLE`; what is there is told where it cannot be written, too.
 */
export class SqliteCallLedger implements CallLedger {
  readonly #path: string;
  readonly #options: MendOptions;
  #db: Connection | null = null;
  #inode: string | null = null;
  #mayWrite = false;
  /** Of the file that this process counted in last. */
  #countedIn: string | null = null;
  /** Rests that this process was told and could not write yet, by org. It keeps to them, and the next write takes them along. */
  readonly #unnoted = new Map<string, AskedRest>();

  constructor(dataDir: string, { now = Date.now, warn = () => {} }: Partial<MendOptions> = {}) {
    this.#path = join(dataDir, callLedgerFileName);
    this.#options = { now, warn };
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

  async lostAt(orgId: string): Promise<number | null> {
    return this.#read((db) => records.readLoss(db, orgId), null);
  }

  async noteLost(orgId: string, calls: readonly SlotCalls[]): Promise<void> {
    this.#write((db) => records.noteLost(db, orgId, calls));
  }

  async holdBack(orgId: string, kind: keyof AskedRest, until: number): Promise<void> {
    this.#unnoted.set(orgId, { ...(this.#unnoted.get(orgId) ?? records.noRest), [kind]: until });
    this.#write((db) => records.saveRest(db, orgId, kind, until));
  }

  async heldBack(orgId: string): Promise<AskedRest> {
    const noted = this.#read((db) => records.readRest(db, orgId), records.noRest);
    const unnoted = this.#unnoted.get(orgId);
    return unnoted === undefined ? noted : laterOf(noted, unnoted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #write<T>(work: (db: Connection) => T): T {
    return this.#mending(() => {
      const db = this.#opened();
      db.exec('BEGIN IMMEDIATE');
      return withFinallySync(
        () => {
          const value = work(db);
          for (const [orgId, rest] of this.#unnoted) records.saveLateRest(db, orgId, rest);
          db.exec('COMMIT');
          this.#unnoted.clear();
          return value;
        },
        () => {
          if (db.inTransaction) db.exec('ROLLBACK');
        },
      );
    });
  }

  /** `none`: what is told where there is no file yet, or one that is damaged in a folder that cannot be written. */
  #read<T>(work: (db: Connection) => T, none: T): T {
    const read = () => {
      if (this.#isInPlace() && this.#db !== null) return work(this.#db);
      if (!existsSync(this.#path)) return none;
      if (statSync(this.#path).size === 0) throw damage(`The file ${this.#path} is empty.`);
      const inode = inodeOf(this.#path);
      const { db, standsInFor } = openReadable(this.#path, { busyMs: busyTimeoutMs });
      let isKept = false;
      try {
        // What an older version has counted is taken over by the first write.
        if (versionState(db, formatOf(this.#path)) === 'outdated') return none;
        isKept = standsInFor === null;
        return work(db);
      } finally {
        if (isKept) this.#keep(db, { inode, mayWrite: false });
        else db.close();
      }
    };
    try {
      return this.#mending(read);
    } catch (error) {
      if (isAppError(error) && sqliteFaultOf(error.cause) === 'damaged') return none;
      throw error;
    }
  }

  /** Tries once more where what was wrong with the file could be mended. */
  #mending<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#close();
      if (!mendCallLedger(this.#path, error, this.#options)) throw callLedgerFault(this.#path, error);
    }
    try {
      return work();
    } catch (error) {
      throw callLedgerFault(this.#path, error);
    }
  }

  /** Another file may have come to lie there: all processes count in the one that does. */
  #opened(): Connection {
    if (this.#db !== null && this.#mayWrite && this.#isInPlace()) return this.#db;
    // Looked at while the former one is open: its inode may be the next one's.
    const isReplaced = this.#countedIn !== null && this.#countedIn !== inodeOf(this.#path);
    this.#close();
    makeFolder(dirname(this.#path));
    const db = openCallLedger(this.#path);
    const inode = inodeOf(this.#path);
    this.#keep(db, { inode, mayWrite: true });
    if (isReplaced) this.#noteReplaced(db);
    this.#countedIn = inode;
    return db;
  }

  /** What was counted in the one before is lost with it; whoever set that one aside has noted it. */
  #noteReplaced(db: Connection): void {
    const { now, warn } = this.#options;
    if (!records.beginLoss(db, now())) return;
    warn(
      `the count of API calls ${this.#path} was removed or replaced while it was in use; what was called in the 24 ` +
        'hours before is judged by what each org says of its own count',
    );
  }

  /** Until something else lies there, or what was opened to be read is to be written. */
  #keep(db: Connection, { inode, mayWrite }: { inode: string | null; mayWrite: boolean }): void {
    this.#close();
    this.#db = db;
    this.#inode = inode;
    this.#mayWrite = mayWrite;
  }

  #isInPlace(): boolean {
    return this.#inode !== null && this.#inode === inodeOf(this.#path);
  }

  #close(): void {
    this.#db?.close();
    this.#db = null;
    this.#inode = null;
    this.#mayWrite = false;
  }
}

function laterOf(one: AskedRest, other: AskedRest): AskedRest {
  const later = (a: number | null, b: number | null) =>
    a === null || b === null ? (a ?? b) : Math.max(a, b);
  return { pull: later(one.pull, other.pull), push: later(one.push, other.push) };
}
