import { throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type { ContactStore } from '../../sync/ports/contact-store.ts';
import type { Journal } from '../../sync/ports/journal.ts';
import type { Batch, BatchOutcome, MirrorIdentity } from '../../sync/ports/mirror.ts';
import type { Outbox } from '../../sync/ports/outbox.ts';
import type { SchemaStore } from '../../sync/ports/schema-store.ts';
import type { StoredMirror } from '../../sync/ports/stored-mirror.ts';
import type { UsageLedger } from '../../sync/ports/usage-ledger.ts';
import { readIdentity } from './identity-records.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { SqliteContactStore } from './sqlite-contact-store.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SqliteSchemaStore } from './sqlite-schema-store.ts';
import { SqliteUsageLedger } from './sqlite-usage-ledger.ts';
import { sendPage } from './writer/send-page.ts';

/** Whose rows the tables `contact…` hold. */
const object = contact.name;

/** A mirror in one SQLite file: reads here, writes through the file's writer thread. */
export class SqliteMirror implements StoredMirror {
  readonly path: string;
  readonly schema: SchemaStore;
  readonly contacts: ContactStore;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly usage: UsageLedger;
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #clock: Clock;
  readonly #release: () => Promise<void>;

  constructor(file: MirrorFile, clock: Clock, release: () => Promise<void>, signal?: AbortSignal) {
    const write = file.writer(signal);
    this.#file = file;
    this.#write = write;
    this.#clock = clock;
    this.#release = release;
    this.path = file.path;
    this.schema = new SqliteSchemaStore(file, write, object);
    this.contacts = new SqliteContactStore(file, write, object);
    this.journal = new SqliteJournal(file, write, object);
    this.outbox = new SqliteOutbox(file, write, object);
    this.usage = new SqliteUsageLedger(file, write);
  }

  get isInPlace(): boolean {
    return this.#file.isInPlace;
  }

  async identity(): Promise<MirrorIdentity | null> {
    return this.#file.read(readIdentity);
  }

  async setIdentity(identity: MirrorIdentity): Promise<void> {
    await this.#write('writeIdentity', identity);
  }

  async commit(batch: Batch, { signal }: { signal?: AbortSignal } = {}): Promise<BatchOutcome> {
    const { page, tombstones = [], effects = [] } = batch;
    throwIfAborted(signal);
    if (page === undefined) {
      return this.#write('commit', { object, page: null, answeredAt: 0, tombstones, effects });
    }
    const began = this.#clock.monotonicMs();
    const route = this.#file.pageRoute(object);
    try {
      await sendPage(page, route, signal);
      // The org's time when the last row had come: at the latest what has passed here since it was asked for.
      const answeredAt = page.answeredAt?.() ?? page.readAt + (this.#clock.monotonicMs() - began);
      throwIfAborted(signal);
      return await this.#write('commit', { object, page: route.page, answeredAt, tombstones, effects });
    } catch (error) {
      await this.#file.dropPage(route.page);
      throw error;
    }
  }

  async extendSearchIndex(): Promise<boolean> {
    return this.#write('extendSearchIndex');
  }

  async checkIntegrity(): Promise<string[]> {
    try {
      return this.#file.read((db) => {
        const lines = db.pragma('integrity_check(20)') as { integrity_check: string }[];
        return lines.map((line) => line.integrity_check).filter((line) => line !== 'ok');
      });
    } catch (error) {
      if (systemCodeOf(error)?.startsWith('SQLITE_CORRUPT'))
        return [messageOf((error as Error).cause ?? error)];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }
}
