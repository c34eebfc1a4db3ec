import type { Person } from '../sync/ports/contact-reader.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';

/**
 * Whose contact each entry is. What it creates or changes says most of that itself; the rest is in the mirror,
 * where it is a contact that Salesforce has.
 */
export async function peopleOf(
  mirrors: Pick<Mirrors, 'read'>,
  instanceUrl: string,
  entries: readonly OutboxEntry[],
): Promise<Person[]> {
  const ids = [...new Set(entries.flatMap(({ contactId }) => (contactId === null ? [] : [contactId])))];
  let known = new Map<string, Person>();
  if (ids.length > 0) {
    await using reader = await mirrors.read(instanceUrl);
    known = await reader.people(ids);
  }
  return entries.map(({ contactId, changes }) => {
    const before = contactId === null ? undefined : known.get(contactId);
    // A contact is found in Salesforce by the name that it has there, not by the one that it is to get.
    return {
      name: before?.name ?? nameIn(changes),
      email: before?.email ?? textIn(changes, 'Email'),
    };
  });
}

function nameIn(changes: Record<string, unknown>): string | null {
  const parts = ['FirstName', 'LastName']
    .map((field) => textIn(changes, field))
    .filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(' ');
}

function textIn(changes: Record<string, unknown>, field: string): string | null {
  const value = changes[field];
  return typeof value === 'string' && value !== '' ? value : null;
}
