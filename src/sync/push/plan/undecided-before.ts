import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { Undecided } from '../entry/blocked-contacts.ts';
import { contactNames } from '../entry/contact-names.ts';

const undecided: readonly Undecided[] = ['conflict', 'held', 'in-doubt'];

/** Entries that come before this one, may be of its contact, and wait for a decision that it waits for too; in their order. */
export async function undecidedBefore(
  context: Pick<SyncContext, 'mirror'>,
  entry: OutboxEntry,
): Promise<OutboxEntry[]> {
  const open = await context.mirror.outbox.list({ states: undecided });
  const before = open.filter(({ seq }) => seq < entry.seq);
  if (before.length === 0) return [];
  const namesOf = await contactNames(context, [...before, entry]);
  const names = new Set(namesOf(entry));
  return before.filter((one) => namesOf(one).some((name) => names.has(name)));
}
