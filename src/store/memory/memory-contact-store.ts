import { isoTime } from '../../base/iso-time.ts';
import { isIdOf } from '../../org/record-id.ts';
import type {
  ContactCounts,
  ContactState,
  ContactStore,
  ReadBefore,
} from '../../sync/ports/contact-store.ts';
import type { MemoryFile } from './memory-file.ts';
import { isBelieved } from './memory-schema-store.ts';
import { columnValue, findIdBy } from './memory-values.ts';

export class MemoryContactStore implements ContactStore {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async counts(): Promise<ContactCounts> {
    return this.#file.read(({ contacts }) => {
      let deleted = 0;
      for (const { state } of contacts.values()) if (state.gone !== null) deleted++;
      return { contacts: contacts.size - deleted, deleted };
    });
  }

  async states(ids: readonly string[]): Promise<Map<string, ContactState>> {
    return this.#file.read(({ contacts }) => {
      const states = new Map<string, ContactState>();
      for (const id of ids) {
        const state = contacts.get(id)?.state;
        if (state === undefined) continue;
        const { gone, stamp, deletedStamp } = state;
        states.set(id, { gone, stamp: stamp ?? deletedStamp, deletedStamp });
      }
      return states;
    });
  }

  async idsBy(field: string, values: readonly string[]): Promise<Map<string, string>> {
    return this.#file.read((state) => {
      const ids = new Map<string, string>();
      for (const value of values) {
        const id = findIdBy(state, field, value);
        if (id !== undefined) ids.set(value, id);
      }
      return ids;
    });
  }

  async valuesOf(field: string, ids: readonly string[]): Promise<Map<string, string | number>> {
    return this.#file.read((state) => {
      const values = new Map<string, string | number>();
      if (!isBelieved(state.fields.get(field.toLowerCase()))) return values;
      for (const id of ids) {
        const contact = state.contacts.get(id);
        const value = contact?.state.gone === null ? columnValue(id, contact, field) : null;
        if (typeof value === 'string' || typeof value === 'number') values.set(id, value);
      }
      return values;
    });
  }

  async readBefore(before: number, { after, limit }: { after: number; limit: number }): Promise<ReadBefore> {
    const found = this.#file.read(({ contacts }) =>
      [...contacts]
        .map(([id, { place, state }]) => ({ id, place, gone: state.gone, at: state.readAt ?? isoTime(0) }))
        .filter(({ place, gone, at }) => place > after && gone === null && at < isoTime(before))
        .slice(0, limit),
    );
    return {
      rows: found.map(({ id, at }) => ({ id, readAt: Date.parse(at) })),
      next: found.length < limit ? null : found.at(-1)!.place,
    };
  }

  async notReadSince(ids: readonly string[], since: number): Promise<string[]> {
    const at = isoTime(since);
    return this.#file.read(({ contacts }) => ids.filter((id) => (contacts.get(id)?.state.readAt ?? '') < at));
  }

  async strayIds(prefix: string): Promise<string[]> {
    return this.#file.read(({ contacts }) => {
      const live = [...contacts].filter(([, { state }]) => state.gone === null).map(([id]) => id);
      return live
        .filter((id) => id.length !== 18 || !isIdOf(prefix, id))
        .sort()
        .slice(0, 100);
    });
  }

  async latestReadAt(): Promise<number | undefined> {
    return this.#file.read(({ latestReadAt }) => latestReadAt);
  }

  /** Every lookup reads all rows. */
  async ensureIndices(): Promise<void> {}
}
