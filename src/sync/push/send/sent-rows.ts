import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { bulkCells, RowHashes } from '../entry/bulk-row.ts';

const entriesPerPage = 2_000;

export type SentEntry = Pick<OutboxEntry, 'key' | 'op' | 'contactId' | 'state'>;

/**
 * The entries that a job carries, to be found by what their rows say: result files name rows by nothing else. Rows that say
 * the same are interchangeable. A job may have many, so that nothing of their cells is kept.
 */
export class SentRows {
  readonly entries: SentEntry[] = [];
  readonly #columns = new Set<string>();
  readonly #hashes: string[] = [];
  /** The entry that is taken next, by hash, and the one after it of the same hash, by place; -1: none. */
  readonly #first = new Map<string, number>();
  readonly #next: number[] = [];

  /** Those that a person has given up while they were sent are among them: they have their rows all the same. */
  static async of({ mirror }: Pick<SyncContext, 'mirror'>, jobId: string): Promise<SentRows> {
    const rows = new SentRows();
    const hashes = new RowHashes();
    for (let after = -1; ; ) {
      const page = await mirror.outbox.list({ states: ['sent', 'dropped'], after, limit: entriesPerPage });
      const last = page.at(-1);
      if (last === undefined) return rows;
      after = last.seq;
      for (const entry of page) {
        if (entry.job !== jobId || entry.way !== 'bulk') continue;
        const { key, op, contactId, state } = entry;
        const cells = bulkCells(entry) ?? {};
        const names = Object.keys(cells);
        for (const name of names) rows.#columns.add(name);
        rows.entries.push({ key, op, contactId, state });
        rows.#hashes.push(hashes.of(names, Object.values(cells)));
      }
    }
  }

  get columns(): string[] {
    return [...this.#columns];
  }

  /** All can be taken again. */
  restart(): void {
    this.#first.clear();
    this.#hashes.forEach((hash, place) => {
      this.#next[place] = this.#first.get(hash) ?? -1;
      this.#first.set(hash, place);
    });
  }

  /** The place among `entries` of one whose row says this, each once; null where there is none left. */
  take(hash: string): number | null {
    const place = this.#first.get(hash) ?? -1;
    if (place < 0) return null;
    this.#first.set(hash, this.#next[place] ?? -1);
    return place;
  }
}
