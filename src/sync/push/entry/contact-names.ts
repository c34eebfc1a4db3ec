import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { externalIdName } from '../values/external-id-name.ts';

/** Texts by which an entry means its contact: two entries that share one are of the same contact. */
export type ContactNames = (entry: OutboxEntry) => readonly string[];

/**
 * How these entries name their contacts: by Id, by the values of unique external ids, and by the key that the
 * application gave. An upsert of a contact that the mirror knows is named by its Id too, or an update by Id could
 * overtake it.
 */
export async function contactNames(
  { mirror }: Pick<SyncContext, 'mirror'>,
  entries: readonly OutboxEntry[],
): Promise<ContactNames> {
  const externalIds = new Map<string, Pick<Field, 'name' | 'type' | 'caseSensitive'>>();
  for (const field of await mirror.schema.fields()) {
    if (field.externalId && field.unique) externalIds.set(field.name, field);
  }
  // A mirror of some fields only may lack the very field of an upsert.
  for (const { upsertField } of entries) {
    if (upsertField !== null && !externalIds.has(upsertField))
      externalIds.set(upsertField, { name: upsertField, type: 'string' });
  }
  const ids = await knownIds(mirror, entries);
  // Each is asked for some times on its way; one that gets other values meanwhile is another object.
  const known = new WeakMap<OutboxEntry, readonly string[]>();
  const namesOf = (entry: OutboxEntry): readonly string[] => {
    const { contactId, contactKey, changes, upsertField } = entry;
    const names = new Set([contactKey]);
    if (contactId !== null) names.add(fullId(contactId));
    for (const field of externalIds.values()) {
      const name = externalIdName(field, changes[field.name]);
      if (name !== null) names.add(name);
    }
    const id = upsertField === null ? undefined : ids.get(upsertField)?.get(String(changes[upsertField]));
    if (id !== undefined) names.add(id);
    return [...names];
  };
  return (entry) => {
    let names = known.get(entry);
    if (names === undefined) {
      names = namesOf(entry);
      known.set(entry, names);
    }
    return names;
  };
}

async function knownIds(
  mirror: SyncContext['mirror'],
  entries: readonly OutboxEntry[],
): Promise<Map<string, Map<string, string>>> {
  const values = new Map<string, Set<string>>();
  for (const { upsertField, changes, op } of entries) {
    if (op !== 'create' || upsertField === null) continue;
    const ofField = values.get(upsertField) ?? new Set();
    values.set(upsertField, ofField.add(String(changes[upsertField])));
  }
  const ids = new Map<string, Map<string, string>>();
  for (const [field, ofField] of values) ids.set(field, await mirror.contacts.idsBy(field, [...ofField]));
  return ids;
}
