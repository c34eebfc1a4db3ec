import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** Whether this is a creation whose contact somebody had deleted, and that a person has let be sent once more. */
export function isMadeAgain({ op, upsertField, contactId, state, sentAt }: OutboxEntry): boolean {
  return (
    op === 'create' && upsertField === null && contactId !== null && state === 'pending' && sentAt === null
  );
}
