import type { ContactCounts, ContactStore, ReadBefore } from '../../sync/ports/contact-store.ts';
import type { Gone } from '../../sync/ports/page.ts';
import { findIdsBy, hasLookup } from './contact-lookup.ts';
import { countContacts, listReadBefore, readLatestReadAt, readStates } from './contact-states.ts';
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

  async states(ids: readonly string[]): Promise<Map<string, { gone: Gone | null; stamp: string | null }>> {
    return this.#file.read((db) => readStates(db, ids));
  }

  async idsBy(field: string, values: readonly string[]): Promise<Map<string, string>> {
    const object = this.#object;
    if (!this.#file.read((db) => hasLookup(db, object, field))) {
      await this.#write('ensureLookup', object, field);
    }
    return this.#file.read((db) => findIdsBy(db, object, field, values));
  }

  async readBefore(before: number, page: { after: number; limit: number }): Promise<ReadBefore> {
    return this.#file.read((db) => listReadBefore(db, before, page));
  }

  async latestReadAt(): Promise<number | undefined> {
    return this.#file.read(readLatestReadAt);
  }

  async ensureIndices(): Promise<void> {
    await this.#write('ensureIndices', this.#object);
  }
}
