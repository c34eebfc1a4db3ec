import type { PushError } from '../contract/push.ts';
import type { Person } from '../sync/ports/contact-reader.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';
import { matchedIn, peopleById, tellMatched } from './matched-contacts.ts';

/** Whose contact an entry is, and its errors with those of whom it is a duplicate. */
export interface EntryPeople {
  contact: Person;
  errors: PushError[];
}

/**
 * Whose contact each entry is, and whom its errors name. What it creates or changes says most of that itself; the rest is in the mirror,
 * where it is a contact that Salesforce has.
 */
export async function peopleOf(
  mirrors: Pick<Mirrors, 'read'>,
  instanceUrl: string,
  entries: readonly OutboxEntry[],
): Promise<EntryPeople[]> {
  const ids = entries.flatMap(({ contactId, errors }) => [
    ...(contactId === null ? [] : [contactId]),
    ...matchedIn(errors),
  ]);
  const known = await peopleById(mirrors, instanceUrl, ids);
  return entries.map(({ contactId, changes, errors }) => {
    const before = contactId === null ? undefined : known.get(contactId);
    // A contact is found in Salesforce by the name that it has there, not by the one that it is to get.
    const contact = {
      name: before?.name ?? nameIn(changes),
      email: before?.email ?? textIn(changes, 'Email'),
    };
    return { contact, errors: tellMatched(errors, known) };
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
