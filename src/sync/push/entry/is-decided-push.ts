import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/**
 * Whether this is a change by a push that was in conflict, and that a person has let be sent all the same: it has what Salesforce had
 * then. One of a former version has not.
 */
export function isDecidedPush({ local, op, upsertField, base, state }: OutboxEntry): boolean {
  return !local && base !== null && state === 'pending' && (op !== 'create' || upsertField !== null);
}
