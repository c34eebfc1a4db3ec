import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** Ids of the records that Salesforce locks while an entry is written. */
export type LockedParents = (entry: OutboxEntry) => readonly string[];

/**
 * The parents that entries name, and those that their contacts have as far as the mirror knows. Two requests that lock one
 * row at once make Salesforce refuse rows of the one or the other (UNABLE_TO_LOCK_ROW).
 */
export async function lockedParents(
  { mirror, object }: Pick<SyncContext, 'mirror' | 'object'>,
  entries: readonly OutboxEntry[],
): Promise<LockedParents> {
  const ids = [
    ...new Set(entries.flatMap(({ contactId }) => (contactId === null ? [] : [fullId(contactId)]))),
  ];
  const known = new Map<string, string[]>();
  for (const field of ids.length === 0 ? [] : object.lockedParents) {
    for (const [id, parent] of await mirror.contacts.valuesOf(field, ids))
      known.set(id, [...(known.get(id) ?? []), String(parent)]);
  }
  return ({ contactId, changes }) => {
    const parents = contactId === null ? [] : [...(known.get(fullId(contactId)) ?? [])];
    for (const field of object.lockedParents) {
      const value = changes[field];
      if (typeof value === 'string' && value !== '') parents.push(fullId(value));
    }
    return parents.length < 2 ? parents : [...new Set(parents)];
  };
}
