import { isoTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { KnownBefore, OutboxEntry } from '../../ports/outbox-entry.ts';
import type { FoundContact } from './doubt-verdict.ts';

/**
 * The entries. Before some of them this outbox has written their contacts itself, later than what the mirror knew when they
 * were sent: what is known before each of these is what it has written, for the mirror had not read that back yet.
 */
export async function withOwnBefore(
  { mirror }: Pick<SyncContext, 'mirror'>,
  entries: readonly OutboxEntry[],
  found: ReadonlyMap<string, FoundContact>,
): Promise<OutboxEntry[]> {
  const idOf = ({ key, contactId }: OutboxEntry): string | null => {
    const contact = found.get(key);
    return contact?.kind === 'live' ? fullId(contact.id) : contactId;
  };
  const ids = entries.map(idOf).filter((id) => id !== null);
  if (ids.length === 0) return [...entries];
  const done = await mirror.outbox.doneOf([...new Set(ids)]);
  const ofContact = Map.groupBy(done, ({ contactId }) => contactId);
  return entries.map((entry) => {
    const id = idOf(entry);
    const own = id === null ? [] : (ofContact.get(id) ?? []).filter((before) => isBefore(before, entry));
    if (own.length === 0) return entry;
    const knownBefore = over(entry.knownBefore, own);
    const stamp = entry.op === 'delete' ? stampOfOwn(entry, found.get(entry.key)) : knownBefore.stamp;
    return { ...entry, knownBefore: { ...knownBefore, stamp } };
  });
}

/** No answer to a write tells its stamp. One that is not past the delete's second may be that of the write before it. */
function stampOfOwn({ knownBefore, sentOrgAt }: OutboxEntry, found: FoundContact | undefined): string | null {
  if (found?.kind !== 'live' || sentOrgAt === null) return knownBefore?.stamp ?? null;
  const isPast = Math.floor(found.stampMs / 1_000) > Math.floor(sentOrgAt / 1_000);
  return isPast ? (knownBefore?.stamp ?? null) : isoTime(found.stampMs);
}

/** Whether it was carried out before the entry was sent, and after the mirror read the contact. */
function isBefore({ seq, sentOrgAt, op }: OutboxEntry, { seq: later, knownBefore }: OutboxEntry): boolean {
  if (seq >= later || op === 'delete' || sentOrgAt === null) return false;
  if (knownBefore === null) return true;
  return knownBefore.stamp !== null && Date.parse(knownBefore.stamp) < sentOrgAt;
}

function over(known: KnownBefore | null, own: readonly OutboxEntry[]): KnownBefore {
  const values = Object.assign(
    {},
    known?.values,
    ...own.map(({ changes }) => changes),
  ) as KnownBefore['values'];
  return { stamp: known?.stamp ?? null, values };
}
