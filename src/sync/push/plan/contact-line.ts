import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** What stands in line of one page of the outbox. */
export interface LinePage {
  /** Whether an entry that names its contact so waits for the next pass. */
  defers(entry: Pick<OutboxEntry, 'local'>, names: readonly string[]): boolean;
  /** All that this page did not defer is settled. */
  end(): void;
}

/**
 * Holds back, for one pass through the outbox, what a program's edit has put behind another entry of its contact: what
 * becomes of that one changes what the edit is based on, and may give it its Id. The next pass reads it anew.
 */
export class ContactLine {
  readonly #waiting = new Set<string>();
  /** Names of what is under way, by page. */
  readonly #underWay = new Set<ReadonlySet<string>>();
  /** Entries that wait for the next pass. */
  deferred = 0;

  /** To be called before the page is read: pages that end later were not settled when it was. */
  beginPage(): LinePage {
    const own = new Set<string>();
    const pages: ReadonlySet<string>[] = [...this.#underWay, own];
    this.#underWay.add(own);
    return {
      defers: (entry, names) => {
        const isBehind = entry.local && names.some((name) => pages.some((page) => page.has(name)));
        if (!isBehind && !names.some((name) => this.#waiting.has(name))) {
          for (const name of names) own.add(name);
          return false;
        }
        for (const name of names) this.#waiting.add(name);
        this.deferred++;
        return true;
      },
      end: () => void this.#underWay.delete(own),
    };
  }
}
