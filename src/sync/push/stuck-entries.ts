import type { OutboxEntry } from '../ports/outbox.ts';

/**
 * Entries that Salesforce did not take for now, for a reason of their own. They wait for the next drain, without
 * keeping the others from being sent, but later changes of the same contacts stay behind them.
 */
export class StuckEntries {
  readonly #keys = new Set<string>();
  readonly #contacts = new Set<string>();
  #error: Error | null = null;

  /** The first reason; null where nothing is stuck. */
  get error(): Error | null {
    return this.#error;
  }

  add(entries: readonly OutboxEntry[], error: Error | null): void {
    this.#error ??= error;
    for (const { key, contactId } of entries) {
      this.#keys.add(key);
      if (contactId !== null) this.#contacts.add(contactId);
    }
  }

  without(entries: readonly OutboxEntry[]): OutboxEntry[] {
    return entries.filter(
      ({ key, contactId }) => !this.#keys.has(key) && (contactId === null || !this.#contacts.has(contactId)),
    );
  }
}
