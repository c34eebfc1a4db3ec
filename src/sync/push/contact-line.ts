import type { OutboxEntry } from '../ports/outbox-entry.ts';

/**
 * Holds back, for one pass through the outbox, what a program's edit has put behind another entry of its contact: what
 * becomes of that one changes what the edit is based on, and may give it its Id. The next pass reads it anew.
 */
export class ContactLine {
  readonly #waiting = new Set<string>();
  #page = new Set<string>();
  /** Entries that wait for the next pass. */
  deferred = 0;

  /** What was read after everything before it was settled. */
  beginPage(): void {
    this.#page = new Set();
  }

  defers(entry: Pick<OutboxEntry, 'local' | 'op' | 'contactId'>, names: readonly string[]): boolean {
    const isBehind = entry.local && names.some((name) => this.#page.has(name));
    if (!isBehind && !names.some((name) => this.#waiting.has(name))) {
      for (const name of names) this.#page.add(name);
      return false;
    }
    for (const name of names) this.#waiting.add(name);
    this.deferred++;
    return true;
  }
}
