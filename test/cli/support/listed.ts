import type { ContactPage, ContactRow } from '../../../src/contract/contacts.ts';
import type { OutboxEntryView, OutboxListResult } from '../../../src/contract/outbox.ts';

/** A page of the given rows, in batches as the mirror gives them. */
export function contactPage({
  rows,
  ...page
}: Omit<ContactPage, 'batches' | typeof Symbol.asyncDispose> & { rows: readonly ContactRow[] }): ContactPage {
  return { ...page, batches: () => inBatches(rows), [Symbol.asyncDispose]: async () => {} };
}

export function outboxList(entries: readonly OutboxEntryView[], total = entries.length): OutboxListResult {
  return { total, batches: () => inBatches(entries) };
}

async function* inBatches<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += 1_000) yield items.slice(at, at + 1_000);
}
