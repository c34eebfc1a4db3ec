import type { Outbox } from '../../ports/outbox.ts';

/** Keys of updates, deletes and upserts of which an earlier request may still be carried out. */
export async function lostKeys(outbox: Pick<Outbox, 'lostRequests'>): Promise<ReadonlySet<string>> {
  return new Set((await outbox.lostRequests()).map(({ entry }) => entry.key));
}
