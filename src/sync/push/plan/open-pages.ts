import type { Outbox } from '../../ports/outbox.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/**
 * Two are open at a time: enough for eight requests of 200. Larger ones outlive more collections of garbage, and took a tenth
 * more of the processor.
 */
const entriesPerPage = 1_000;
/** What no request carries and nothing has ended. */
const states = ['pending', 'in-doubt', 'held', 'conflict'] as const;

/**
 * Open entries, once and in their order, in pages that cut no group. `onPage` is called before each one is read, and what
 * it resolves with comes along.
 */
export async function* openPages<T>(
  entries: Pick<Outbox, 'list'>,
  onPage: () => Promise<T>,
): AsyncGenerator<{ listed: OutboxEntry[]; begun: T }> {
  for (let after = -1; ; ) {
    const begun = await onPage();
    const listed = wholeGroups(await entries.list({ states, after, limit: entriesPerPage }));
    const last = listed.at(-1);
    if (last === undefined) return;
    after = last.seq;
    yield { listed, begun };
  }
}

/** A group that the end of a page cuts waits for the next page: half of it must not go out alone. */
function wholeGroups(entries: OutboxEntry[]): OutboxEntry[] {
  const last = entries.at(-1)?.atomicGroup ?? null;
  if (last === null || entries.length < entriesPerPage) return entries;
  return entries.filter(({ atomicGroup }) => atomicGroup !== last);
}
