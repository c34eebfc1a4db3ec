import { randomUUID } from 'node:crypto';
import { isAppError } from '../../base/errors.ts';
import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { SendApi } from '../../sync/ports/outbox-entry.ts';
import type {
  Brake,
  CommitOutcome,
  FaultGroup,
  InputPlace,
  OutboxStaging,
  OutcomeTally,
  Resumption,
  StagingCounts,
  StagingDraft,
  StagingFault,
  StagingItem,
  StagingRecord,
  StagingReject,
} from '../../sync/ports/outbox-staging.ts';
import { openForReading } from './connection.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { emptyMirror } from './mirror-format.ts';
import { prepared } from './prepared.ts';
import { withMappedFaults } from './sqlite-fault.ts';
import { listStagedEntries } from './staged-entries.ts';
import {
  type FaultPlace,
  groupFaults,
  listFaults,
  refuseMixed,
  refuseRepeated,
  withdrawFaults,
} from './staged-faults.ts';
import { type ListOutcomes, listItems, listRejects, tallyOutcomes } from './staged-outcomes.ts';
import { countRecords, StagedRecords } from './staged-records.ts';
import { createStagingFile } from './staging-file.ts';

const pageRows = 500;
const readCacheKb = 1_024;
/** From so many records on their transaction takes seconds. */
const threadRecords = 20_000;

/** The port on a file in the spool folder. It is written here; the commit is the mirror's writer thread's. */
export class SqliteStaging implements OutboxStaging {
  readonly #mirror: MirrorFile;
  readonly #writeMirror: MirrorWrite;
  readonly #object: string;
  readonly #path: string;
  readonly #db: Connection;
  readonly #remove: () => void;
  readonly #records = new StagedRecords();
  /** Sees the outbox and this file together, once there is something to see. */
  #both: Connection | null = null;
  /** The push that the entries belong to, once they are in the outbox. */
  #pushId: string | null = null;
  /** The push that a draft found them to be already. */
  #draftOf: string | null = null;
  #added = 0;
  #closed = false;

  constructor(mirror: MirrorFile, write: MirrorWrite, object: string) {
    this.#mirror = mirror;
    this.#writeMirror = write;
    this.#object = object;
    const { path, db, remove } = withMappedFaults(mirror.path, () => createStagingFile(mirror.path));
    this.#path = path;
    this.#db = db;
    this.#remove = remove;
  }

  async add(records: readonly StagingRecord[]): Promise<void> {
    this.#write((db) => this.#records.add(db, records));
    this.#added += records.length;
    if (this.#added >= threadRecords) await this.#mirror.writeByThread();
  }

  async refuseMixed(fault: StagingFault): Promise<void> {
    if (!this.#records.isMixed) return;
    this.#write((db) => refuseMixed(db, fault));
  }

  async refuseRepeated(fault: StagingFault): Promise<void> {
    this.#write((db) => refuseRepeated(db, fault));
  }

  async refuseReplaced({ since }: Resumption): Promise<void> {
    if (!this.#records.replaces) return;
    await this.#writeMirror('refuseStaged', this.#path, this.#object, this.#equalTo(since));
  }

  async withdraw(source: string, code: string): Promise<void> {
    this.#write((db) => withdrawFaults(db, source, code));
  }

  async counts(): Promise<StagingCounts> {
    return this.#read(countRecords);
  }

  async faultGroups(limit: number): Promise<{ groups: FaultGroup[]; total: number }> {
    return this.#read((db) => groupFaults(db, limit));
  }

  async *faults(): AsyncGenerator<(InputPlace & StagingFault)[]> {
    for (let after: FaultPlace = { entry: 0, id: 0 }; ; ) {
      const { faults, last } = this.#read((db) => listFaults(db, { after, limit: pageRows }));
      if (last === null) return;
      after = last;
      yield faults;
    }
  }

  async commit(brake: Brake, { now, since }: Resumption, api: SendApi | null = null): Promise<CommitOutcome> {
    const { pushId, ...committed } = await this.#writeMirror(
      'commitStaging',
      this.#path,
      this.#object,
      brake,
      {
        ...this.#equalTo(since),
        id: randomUUID(),
        at: isoTime(now),
        api,
      },
    );
    this.#pushId = pushId;
    return committed;
  }

  async draft(brake: Brake, { since }: Resumption, api: SendApi | null = null): Promise<StagingDraft> {
    const { pushId, isHeld, isNew, ...counts } = await this.#writeMirror(
      'draftStaging',
      this.#path,
      this.#object,
      brake,
      this.#equalTo(since),
    );
    this.#draftOf = pushId;
    return {
      ...counts,
      list: async (page) =>
        withMappedFaults(this.#path, () => listStagedEntries(this.#openBoth(), { isHeld, isNew, api }, page)),
      ownOf: async (keys) => (pushId === null ? [] : this.#keysOf(pushId, keys)),
    };
  }

  async end(how: { queued: boolean }): Promise<void> {
    if (this.#pushId !== null) await this.#writeMirror('endPush', this.#pushId, how);
  }

  #equalTo(since: number | null) {
    return { digest: this.#records.digest(), resumeSince: since === null ? null : isoTime(since) };
  }

  async countOwn(keys: readonly string[]): Promise<number> {
    if (this.#pushId === null) return 0;
    return this.#ofPush<number>('count(*)', this.#pushId, keys)[0]!;
  }

  #keysOf(pushId: string, keys: readonly string[]): string[] {
    return this.#ofPush<string>('o.key', pushId, keys);
  }

  #ofPush<T>(what: 'o.key' | 'count(*)', pushId: string, keys: readonly string[]): T[] {
    return this.#mirror.read(
      (db) =>
        prepared(
          db,
          `SELECT ${what} FROM json_each(?) k CROSS JOIN outbox o ON o.key = k.value WHERE o.push_id = ?`,
        )
          .pluck()
          .all(JSON.stringify(keys), pushId) as T[],
    );
  }

  async tally(): Promise<OutcomeTally[]> {
    return this.#read((db) => tallyOutcomes(db, this.#toldOf));
  }

  async *items(): AsyncGenerator<StagingItem[]> {
    yield* this.#pages(listItems, this.#toldOf);
  }

  async *rejects(): AsyncGenerator<StagingReject[]> {
    yield* this.#pages(listRejects, this.#pushId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#both?.close();
    this.#remove();
  }

  /** The push whose entries tell what became of the records. */
  get #toldOf(): string | null {
    return this.#pushId ?? this.#draftOf;
  }

  async *#pages<T>(list: ListOutcomes<T>, pushId: string | null): AsyncGenerator<T[]> {
    for (let after = 0; ; ) {
      const rows = this.#read((db) => list(db, pushId, { after, limit: pageRows }));
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.seq;
      yield rows.map(({ item }) => item);
    }
  }

  #write(work: (db: Connection) => void): void {
    withMappedFaults(this.#path, () => this.#db.transaction(() => work(this.#db))());
  }

  #read<T>(work: (db: Connection) => T): T {
    return withMappedFaults(this.#path, () => work(this.#toldOf !== null ? this.#openBoth() : this.#db));
  }

  #openBoth(): Connection {
    if (this.#both === null) {
      this.#both = openOutbox(this.#mirror.path);
      // What is sorted here may be as long as the input.
      this.#both.pragma('temp_store = FILE');
      this.#both.prepare('ATTACH ? AS staging').run(this.#path);
      // Both are read from end to end; SQLite's binding would keep 16 MB of each.
      this.#both.pragma(`cache_size = -${readCacheKb}`);
      this.#both.pragma(`staging.cache_size = -${readCacheKb}`);
    }
    return this.#both;
  }
}

/** An outbox without entries where the mirror went while its entries were on their way: what became of them is unknown. */
function openOutbox(path: string): Connection {
  try {
    return openForReading(path);
  } catch (error) {
    if (!isAppError(error, 'NO_MIRROR', 'MIRROR_CORRUPT')) throw error;
    return emptyMirror(path);
  }
}
