import { isoTime } from '../../base/iso-time.ts';
import type { UnshownEntries } from '../../sync/ports/outbox.ts';
import type { WrittenEntry } from '../../sync/ports/outbox-entry.ts';
import type { MemoryFile } from './memory-file.ts';
import type { MemoryEntry, MemoryState } from './memory-state.ts';

export class MemoryUnshown implements UnshownEntries {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async due(before: number | null, limit: number): Promise<WrittenEntry[]> {
    return this.#file.read((state) =>
      unshown(state)
        .filter(({ contactId, unshownAt }) => {
          const contact = state.contacts.get(contactId ?? '')?.state;
          const wasAsked = before !== null && unshownAt! < before;
          return (
            wasAsked || (contact?.gone ?? null) !== null || (contact?.readAt ?? '') > isoTime(unshownAt!)
          );
        })
        .slice(0, limit)
        .map(writtenOf),
    );
  }

  async of(ids: readonly string[]): Promise<WrittenEntry[]> {
    const asked = new Set(ids);
    return this.#file.read((state) =>
      unshown(state)
        .filter(({ contactId }) => contactId !== null && asked.has(contactId))
        .map(writtenOf),
    );
  }

  async records(): Promise<number> {
    return this.#file.read((state) => new Set(unshown(state).map(({ contactId }) => contactId)).size);
  }
}

function unshown({ outbox }: MemoryState): MemoryEntry[] {
  return [...outbox.values()].filter(({ readBackDue, unshownAt }) => readBackDue && unshownAt !== null);
}

export function writtenOf({ key, op, contactId }: WrittenEntry): WrittenEntry {
  return { key, op, contactId };
}
