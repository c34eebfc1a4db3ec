import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** Salesforce keeps the answer to an Idempotency-Key for 30 days; a day is left for clocks. */
const idempotencyMs = 29 * 86_400_000;

/** Whether Salesforce has forgotten the Idempotency-Key that an entry was sent with. */
export function isExpired({ way, sentAt }: Pick<OutboxEntry, 'way' | 'sentAt'>, at: number): boolean {
  return way === 'ui-api' && sentAt !== null && at - sentAt > idempotencyMs;
}

/** A create of which nothing but the contacts of the org tells whether it was made. */
export function isKeylessCreate(
  entry: Pick<OutboxEntry, 'op' | 'way' | 'sentAt' | 'upsertField'>,
  at: number,
): boolean {
  if (entry.op !== 'create' || entry.upsertField !== null) return false;
  return entry.way === 'collection' || entry.way === 'bulk' || isExpired(entry, at);
}
