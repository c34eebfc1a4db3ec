import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { externalIdName } from '../values/external-id-name.ts';
import { givenBefore } from './given-values.ts';
import { openMakers } from './open-makers.ts';

/** Texts by which an entry means its contact: two entries that share one are of the same contact. */
export type ContactNames = (entry: OutboxEntry) => readonly string[];

/** A drain reads back while it sends, so that fewer wait for that. */
const mostUnread = 20_000;

type NamingField = Pick<Field, 'name' | 'type' | 'caseSensitive'>;

/**
 * How these entries name their contacts: by Id, by the values of unique fields, and by the key that the application gave.
 * An upsert of a contact that the mirror knows is named by its Id too, or an update by Id could overtake it. What takes a
 * unique value from a contact is named by it: whoever is to have it next must not ask for it before. What follows an entry that
 * gives its contact such a value is named by it likewise, for an upsert by that value means the contact. What is of a contact
 * that a creation may have made whose answer never came is named by that one's key too, and waits until that is known.
 */
export async function contactNames(
  { mirror }: Pick<SyncContext, 'mirror'>,
  entries: readonly OutboxEntry[],
): Promise<ContactNames> {
  const unique = new Map<string, NamingField>();
  for (const field of await mirror.schema.fields()) {
    if (field.unique && field.type !== 'id') unique.set(field.name, field);
  }
  // A mirror of some fields only may lack the very field of an upsert.
  for (const { upsertField } of entries) {
    if (upsertField !== null && !unique.has(upsertField))
      unique.set(upsertField, { name: upsertField, type: 'string' });
  }
  const fields = [...unique.values()];
  const ids = await knownIds(mirror, entries);
  const idOf = ({ contactId, changes, upsertField }: OutboxEntry): string | null => {
    if (contactId !== null) return fullId(contactId);
    return upsertField === null ? null : (ids.get(upsertField)?.get(String(changes[upsertField])) ?? null);
  };
  const formerNames = await formerValues(mirror, entries, { fields, idOf });
  const given = await givenBefore(mirror, entries, { fields: fields.map(({ name }) => name), idOf });
  const makers = await openMakers(mirror, new Set(entries.flatMap((entry) => idOf(entry) ?? [])));
  // Each is asked for some times on its way; one that gets other values meanwhile is another object.
  const known = new WeakMap<OutboxEntry, readonly string[]>();
  const namesOf = (entry: OutboxEntry): readonly string[] => {
    const names = new Set([entry.contactKey]);
    for (const name of valueNames(fields, entry.changes)) names.add(name);
    for (const name of formerNames(entry)) names.add(name);
    const id = idOf(entry);
    if (id !== null) names.add(id);
    const maker = id === null ? undefined : makers.get(id);
    if (maker !== undefined) names.add(maker);
    for (const [field, value] of given(entry)) {
      const name = externalIdName(unique.get(field)!, value);
      if (name !== null) names.add(name);
    }
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

/** Nothing is allocated for the many that have no such value. */
function* valueNames(fields: readonly NamingField[], values: Readonly<Record<string, unknown>>) {
  for (const field of fields) {
    const name = externalIdName(field, values[field.name]);
    if (name !== null) yield name;
  }
}

/**
 * Names of the unique values that entries may take from their contacts: a deletion all, a change those of the fields that
 * it gives. As the mirror has them, as they were written and are not read back yet, and as these very entries give them.
 */
async function formerValues(
  mirror: SyncContext['mirror'],
  entries: readonly OutboxEntry[],
  { fields, idOf }: { fields: readonly NamingField[]; idOf: (entry: OutboxEntry) => string | null },
): Promise<(entry: OutboxEntry) => Iterable<string>> {
  const ids = new Map<NamingField, string[]>();
  /** By Id and by the application's key. */
  const names = new Map<string, Set<string>>();
  const takers = new WeakSet<OutboxEntry>();
  for (const entry of entries) {
    const taken = entry.op === 'delete' ? fields : fields.filter(({ name }) => name in entry.changes);
    const id = taken.length === 0 ? null : idOf(entry);
    if (taken.length === 0 || (entry.op === 'create' && id === null)) continue;
    takers.add(entry);
    for (const own of [entry.contactKey, id]) if (own !== null) names.set(own, new Set());
    for (const field of id === null ? [] : taken) {
      const ofField = ids.get(field);
      if (ofField === undefined) ids.set(field, [id!]);
      else ofField.push(id!);
    }
  }
  if (names.size === 0) return () => [];
  const add = (contact: string, field: NamingField, value: unknown) => {
    const name = externalIdName(field, value);
    if (name !== null) names.get(contact)?.add(name);
  };
  for (const [field, ofField] of ids) {
    for (const [id, value] of await mirror.contacts.valuesOf(field.name, ofField)) add(id, field, value);
  }
  for (const entry of [...entries, ...(await unread(mirror, names))]) {
    for (const field of fields) {
      const value = entry.changes[field.name];
      if (value === undefined || value === null) continue;
      add(entry.contactKey, field, value);
      const id = idOf(entry);
      if (id !== null && id !== entry.contactKey) add(id, field, value);
    }
  }
  return (entry) => {
    if (!takers.has(entry)) return [];
    const id = idOf(entry);
    const byId = id === null || id === entry.contactKey ? undefined : names.get(id);
    return [...(names.get(entry.contactKey) ?? []), ...(byId ?? [])];
  };
}

/** What was written of these contacts, and the mirror does not have yet. */
async function unread({ outbox }: SyncContext['mirror'], ids: ReadonlyMap<string, unknown>) {
  const due = await outbox.readBackDue(mostUnread);
  const unshown = await outbox.unshown.of([...ids.keys()]);
  const keys = [...due, ...unshown].flatMap(({ key, op, contactId }) =>
    op !== 'delete' && contactId !== null && ids.has(fullId(contactId)) ? [key] : [],
  );
  return keys.length === 0 ? [] : outbox.list({ keys });
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
