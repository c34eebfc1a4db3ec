import { isoTime } from '../base/iso-time.ts';
import type { OutboxEntryView } from '../contract/outbox.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';
import type { EntryPeople } from './outbox-people.ts';

/** An entry as it is told, with whose contact it is and whom its errors name. */
export function outboxView(
  instanceUrl: string,
  entry: OutboxEntry,
  { contact, errors }: EntryPeople,
): OutboxEntryView {
  const { key, op, contactKey, contactId, changes, state, attempts, createdAt, sentAt, settledAt } = entry;
  return {
    key,
    instanceUrl,
    op,
    contactKey,
    contactId,
    changes,
    fields: Object.keys(changes),
    contact,
    state,
    attempts,
    errors,
    createdAt: isoTime(createdAt),
    sentAt: isoTime(sentAt),
    settledAt: isoTime(settledAt),
  };
}
