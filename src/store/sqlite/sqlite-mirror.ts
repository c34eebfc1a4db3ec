import { throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type { ContactStore } from '../../sync/ports/contact-store.ts';
import type { Journal } from '../../sync/ports/journal.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { Batch, BatchOutcome, MirrorIdentity } from '../../sync/ports/mirror.ts';
import type { Outbox } from '../../sync/ports/outbox.ts';
import type { SchemaStore } from '../../sync/ports/schema-store.ts';
import type { HourCalls, StoredMirror } from '../../sync/ports/stored-mirror.ts';
import type { Sweep } from '../../sync/ports/sweep.ts';
import type { TwoWay } from '../../sync/ports/two-way.ts';
import type { Fence } from '../write-kinds.ts';
import { readFence } from './fence-records.ts';
import { readFormerCalls } from './former-calls.ts';
import { readIdentity } from './identity-records.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { lackOf } from './schema-lacks.ts';
import { SqliteContactStore } from './sqlite-contact-store.ts';
import { lacking } from './sqlite-fault.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SqliteSchemaStore } from './sqlite-schema-store.ts';
import { SqliteSweep } from './sqlite-sweep.ts';
import { readTwoWay } from './two-way-records.ts';
import { sendPage } from './writer/send-page.ts';

/** Whose rows the tables `contact…` hold. */
const object = contact.name;

export interface SqliteMirrorParts {
  file: MirrorFile;
  clock: Clock;
  /** Ends the waits for another program's write lock. */
  signal: AbortSignal | undefined;
  /** What its writes are made under. */
  fences: readonly Fence[];
  release(): Promise<void>;
}

/** A mirror in one SQLite file: reads here, writes through the file's writer thread. */
export class SqliteMirror implements StoredMirror {
  readonly location: string;
  readonly schema: SchemaStore;
  readonly contacts: ContactStore;
  readonly journal: Journal;
  readonly sweep: Sweep;
  readonly outbox: Outbox;
  readonly #parts: SqliteMirrorParts;
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;

  constructor(parts: SqliteMirrorParts) {
    const { file, signal, fences } = parts;
    const write = file.writer(signal, fences);
    this.#parts = parts;
    this.#file = file;
    this.#write = write;
    this.location = file.path;
    this.schema = new SqliteSchemaStore(file, write, object);
    this.contacts = new SqliteContactStore(file, write, object);
    this.journal = new SqliteJournal(file, write, object);
    this.sweep = new SqliteSweep(file);
    this.outbox = new SqliteOutbox(file, write, object);
  }

  async under({ name, fence }: Lease): Promise<SqliteMirror> {
    const fences = [...this.#parts.fences.filter((other) => other.name !== name), { name, fence }];
    const mirror = new SqliteMirror({ ...this.#parts, fences });
    // Between its turns an org's mirror is closed and opened again under the same lease.
    if ((await this.fenceOf(name)) !== fence) await mirror.#write('claimLease');
    return mirror;
  }

  async isInPlace(): Promise<boolean> {
    return this.#file.isInPlace;
  }

  async identity(): Promise<MirrorIdentity | null> {
    return this.#file.read(readIdentity);
  }

  async fenceOf(leaseName: string): Promise<number> {
    return this.#file.read((db) => readFence(db, leaseName));
  }

  async setIdentity(identity: MirrorIdentity): Promise<void> {
    await this.#write('writeIdentity', identity);
  }

  async formerCalls(): Promise<HourCalls[]> {
    return this.#file.read(readFormerCalls);
  }

  async forgetFormerCalls(): Promise<void> {
    await this.#write('forgetFormerCalls');
  }

  async commit(batch: Batch, { signal }: { signal?: AbortSignal } = {}): Promise<BatchOutcome> {
    const { page, tombstones = [], effects = [] } = batch;
    throwIfAborted(signal);
    if (page === undefined) {
      return this.#write('commit', { object, page: null, answeredAt: 0, tombstones, effects });
    }
    const { clock } = this.#parts;
    const began = clock.monotonicMs();
    const route = this.#file.pageRoute(object);
    try {
      await sendPage(page, route, signal);
      // The org's time when the last row had come: at the latest what has passed here since it was asked for.
      const answeredAt = page.answeredAt?.() ?? page.readAt + (clock.monotonicMs() - began);
      throwIfAborted(signal);
      return await this.#write('commit', { object, page: route.page, answeredAt, tombstones, effects });
    } catch (error) {
      await this.#file.dropPage(route.page);
      throw error;
    }
  }

  async twoWay(): Promise<TwoWay> {
    return this.#file.read(readTwoWay);
  }

  async setTwoWay(change: Partial<TwoWay>): Promise<void> {
    await this.#write('setTwoWay', object, change);
  }

  async extendSearchIndex(): Promise<boolean> {
    return this.#write('extendSearchIndex');
  }

  async checkIntegrity(): Promise<string[]> {
    try {
      return this.#file.read((db) => {
        const lines = db.pragma('integrity_check(20)') as { integrity_check: string }[];
        const faults = lines.map((line) => line.integrity_check).filter((line) => line !== 'ok');
        const lack = faults.length === 0 ? lackOf(db) : null;
        if (lack?.kind === 'part') return [`it lacks ${lack.part}`];
        if (lack !== null) throw lacking(this.location, lack);
        return faults;
      });
    } catch (error) {
      if (systemCodeOf(error)?.startsWith('SQLITE_CORRUPT'))
        return [messageOf((error as Error).cause ?? error)];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.release();
  }
}
