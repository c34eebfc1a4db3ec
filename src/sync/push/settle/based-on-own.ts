import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { baseNow, firstPoint } from '../../two-way/own-writes.ts';

/** The edits, based on what this outbox has written to their contacts since their bases were taken. */
export async function basedOnOwn(
  { mirror }: Pick<SyncContext, 'mirror'>,
  edits: readonly OutboxEntry[],
): Promise<OutboxEntry[]> {
  const since = Math.min(...edits.map(firstPoint));
  if (!Number.isFinite(since)) return [...edits];
  const writes = await mirror.outbox.ownWritesSince(contactIdsOf(edits), since);
  if (writes.length === 0) return [...edits];
  const ofContact = Map.groupBy(writes, ({ contactId }) => fullId(contactId));
  return edits.map((edit) => {
    const own = edit.contactId === null ? undefined : ofContact.get(fullId(edit.contactId));
    return own === undefined ? edit : { ...edit, base: baseNow(edit, own) };
  });
}

/** Once each, with 18 characters. */
export function contactIdsOf(edits: readonly OutboxEntry[]): string[] {
  return [...new Set(edits.flatMap(({ contactId }) => (contactId === null ? [] : [fullId(contactId)])))];
}
