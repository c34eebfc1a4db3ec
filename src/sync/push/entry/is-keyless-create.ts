import { sameId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** 30 days, less a day for clocks. */
const idempotencyMs = 29 * 86_400_000;

/** Who asks by a key: as whom, and when, ms since 1970. */
export interface Asking {
  userId: string;
  at: number;
}

export function askingNow({ remote, clock }: Pick<SyncContext, 'remote' | 'clock'>): Asking {
  return { userId: remote.userId, at: clock.now() };
}

/**
 * Whether Salesforce knows the Idempotency-Key that an entry was sent with no more: it keeps its answer for 30 days, and
 * tells another user nothing of it, whose sending would make the contact once more.
 */
export function isForgotten(
  { way, sentAt, sentBy }: Pick<OutboxEntry, 'way' | 'sentAt' | 'sentBy'>,
  { userId, at }: Asking,
): boolean {
  if (way !== 'ui-api' || sentAt === null) return false;
  return at - sentAt > idempotencyMs || (sentBy !== null && !sameId(sentBy, userId));
}

/** A create of which nothing but the contacts of the org tells whether it was made. */
export function isKeylessCreate(
  entry: Pick<OutboxEntry, 'op' | 'way' | 'sentAt' | 'sentBy' | 'upsertField'>,
  asking: Asking,
): boolean {
  if (entry.op !== 'create' || entry.upsertField !== null) return false;
  return entry.way === 'collection' || entry.way === 'bulk' || isForgotten(entry, asking);
}
