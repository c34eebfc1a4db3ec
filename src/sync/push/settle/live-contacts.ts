import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { fieldsByName, readDoubts } from './read-doubts.ts';

/** What Salesforce has of a contact in the fields that an entry sets. */
export interface LiveContact {
  id: string | null;
  /** In the Recycle Bin, purged, not shown to this user, or none is there. */
  isGone: boolean;
  values: Record<string, unknown>;
}

/** The contact of an entry as Salesforce has it now; of a create in doubt those that it may have become. */
export async function liveContacts(
  context: SyncContext,
  entry: OutboxEntry,
  { signal }: { signal: AbortSignal },
): Promise<LiveContact[]> {
  const { contactId, upsertField, doubt, changes } = entry;
  const asked =
    contactId !== null || upsertField !== null
      ? [entry]
      : (doubt?.candidates ?? []).map(({ id }) => ({ ...entry, key: id, contactId: id }));
  if (asked.length === 0) return [];
  const fields = await fieldsByName(context, [entry], { signal });
  const found = await readDoubts(context, asked, { fields, signal });
  return asked.flatMap(({ key }): LiveContact[] => {
    const contact = found.get(key);
    if (contact === undefined) return [];
    if (contact.kind === 'gone') return [{ id: contact.id, isGone: true, values: {} }];
    const names = Object.keys(changes).filter((name) => name in contact.values);
    return [
      {
        id: contact.id,
        isGone: false,
        values: Object.fromEntries(names.map((name) => [name, contact.values[name]])),
      },
    ];
  });
}
