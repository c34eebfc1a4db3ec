import type {
  ContactCounts,
  ContactState,
  ContactStore,
  ReadBefore,
} from '../../sync/ports/contact-store.ts';
import { findIdsBy, hasLookup, valuesOf } from './contact-lookup.ts';
import {
  countContacts,
  listNotReadSince,
  listReadBefore,
  listStrayIds,
  readLatestReadAt,
  readStates,
} from './contact-states.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';

export class SqliteContactStore implements ContactStore {
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #object: string;

  constructor(file: MirrorFile, write: MirrorWrite, object: string) {
    this.#file = file;
    this.#write = write;
    this.#object = object;
  }

  async counts(): Promise<ContactCounts> {
    return this.#file.read(countContacts);
  }

  async states(ids: readonly string[]): Promise<Map<string, ContactState>> {
    return this.#file.read((db) => readStates(db, ids));
  }

  async idsBy(field: string, values: readonly string[]): Promise<Map<string, string>> {
    const object = this.#object;
    if (!this.#file.read((db) => hasLookup(db, object, field))) {
      await this.#write('ensureLookup', object, field);
    }
    return this.#file.read((db) => findIdsBy(db, object, field, values));
  }

  async valuesOf(field: string, ids: readonly string[]): Promise<Map<string, string | number>> {
    return this.#file.read((db) => valuesOf(db, this.#object, field, ids));
  }

  async readBefore(before: number, page: { after: number; limit: number }): Promise<ReadBefore> {
    return this.#file.read((db) => listReadBefore(db, before, page));
  }

  async notReadSince(ids: readonly string[], since: number): Promise<string[]> {
    return this.#file.read((db) => listNotReadSince(db, ids, since));
  }

  async strayIds(prefix: string): Promise<string[]> {
    return this.#file.read((db) => listStrayIds(db, prefix));
  }

  async latestReadAt(): Promise<number | undefined> {
    return this.#file.read(readLatestReadAt);
  }

  async ensureIndices(): Promise<void> {
    await this.#write('ensureIndices', this.#object);
  }
}
