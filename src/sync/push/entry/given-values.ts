import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { GivingEntry, OutboxEntry } from '../../ports/outbox-entry.ts';

/**
 * What earlier entries, open or not read back yet, have made of these fields of an entry's contact, by field: the last that gave
 * it says so. The mirror does not know of it, and whoever asks by such a value means that contact. Nothing where no upsert
 * waits that could.
 */
export async function givenBefore(
  { outbox }: SyncContext['mirror'],
  entries: readonly OutboxEntry[],
  { fields, idOf }: { fields: readonly string[]; idOf: (entry: OutboxEntry) => string | null },
): Promise<(entry: OutboxEntry) => ReadonlyMap<string, unknown>> {
  const nothing = new Map<string, unknown>();
  const isAsked = entries.some(({ upsertField }) => upsertField !== null) || (await outbox.hasUpserts());
  if (fields.length === 0 || !isAsked) return () => nothing;
  const contacts = new Set<string>();
  for (const entry of entries) {
    const id = idOf(entry);
    if (id !== null) contacts.add(id);
    // That of a push is its own.
    if (entry.local) contacts.add(entry.contactKey);
  }
  /** In order, by the contact's Id and key. */
  const byName = new Map<string, GivingEntry[]>();
  const add = (entry: GivingEntry, names: readonly (string | null)[]) => {
    for (const name of new Set(names)) {
      if (name === null) continue;
      const ofName = byName.get(name);
      if (ofName === undefined) byName.set(name, [entry]);
      else ofName.push(entry);
    }
  };
  // By its own field an upsert finds the contact that has the value already.
  const given = ({ op, upsertField, changes }: OutboxEntry) =>
    op === 'delete' ? [] : fields.filter((name) => name in changes && name !== upsertField);
  const last = entries.reduce((seq, entry) => Math.max(seq, entry.seq), -1);
  const stored = await outbox.giving(fields, [...contacts], last);
  const known = new Set(stored.map(({ seq }) => seq));
  for (const entry of stored) {
    const { contactKey, contactId } = entry;
    add(entry, [contactKey, contactId === null ? null : fullId(contactId)]);
  }
  // Of drafts, and of upserts of contacts that the mirror knows.
  for (const entry of entries) {
    const names = [idOf(entry), entry.local ? entry.contactKey : null];
    const values = names.every((name) => name === null) || known.has(entry.seq) ? [] : given(entry);
    if (values.length === 0) continue;
    const changes = Object.fromEntries(values.map((name) => [name, entry.changes[name]]));
    add({ ...entry, changes }, names);
  }
  if (byName.size === 0) return () => nothing;
  for (const ofName of byName.values()) ofName.sort((a, b) => a.seq - b.seq);
  return (entry) => {
    const values = new Map<string, unknown>();
    const before = [entry.contactKey, idOf(entry)]
      .flatMap((name) => (name === null ? [] : (byName.get(name) ?? [])))
      .filter(({ seq }) => seq < entry.seq)
      .toSorted((a, b) => a.seq - b.seq);
    for (const { changes } of before)
      for (const name of fields) if (name in changes) values.set(name, changes[name]);
    return values;
  };
}
