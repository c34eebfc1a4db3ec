import type { GivingEntry } from '../../sync/ports/outbox-entry.ts';
import type { MemoryEntry, MemoryState } from './memory-state.ts';

function isOpen({ state }: MemoryEntry): boolean {
  return state !== 'done' && state !== 'dropped' && state !== 'rejected';
}

export function hasUpserts({ outbox }: MemoryState): boolean {
  return [...outbox.values()].some(
    (entry) => isOpen(entry) && !entry.local && entry.contactId === null && entry.upsertField !== null,
  );
}

/** See `Outbox.giving`. */
export function giving(
  { contacts: known, outbox }: MemoryState,
  { fields, contacts, before }: { fields: readonly string[]; contacts: readonly string[]; before: number },
): GivingEntry[] {
  const named = new Set(contacts);
  for (const [id, { key }] of known)
    if (key !== null && (contacts.includes(id) || contacts.includes(key))) named.add(id).add(key);
  const isGiving = (entry: MemoryEntry) => {
    const { local, op, upsertField, contactKey, contactId, changes } = entry;
    const isUnread = entry.readBackDue && (local || op !== 'create' || upsertField !== null);
    const gives = op !== 'delete' && fields.some((field) => field in changes);
    return (isOpen(entry) || isUnread) && gives && named.has(local ? contactKey : (contactId ?? ''));
  };
  return [...outbox.values()]
    .filter((entry) => entry.seq < before && isGiving(entry))
    .map(({ seq, contactKey, contactId, changes }) => ({ seq, contactKey, contactId, changes }));
}
