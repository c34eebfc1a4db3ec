import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { bulkCells } from '../entry/bulk-row.ts';
import { mayGoByJob, operationOf } from './plan-job.ts';

const entriesPerPage = 2_000;

/** Whether a waiting entry is one that only an ingest job is to carry. */
export type WaitsForJob = (entry: OutboxEntry) => boolean;

/**
 * Tells, where no job can be made for now, what waits for one: what a person wants to go so, and pushes that are very many by
 * themselves. Those go by nothing else of their own accord, for that takes a request of the org's users for each 200. Few
 * that only happen to wait beside others would have gone by collections at any other time.
 */
export async function waitsForJob({
  mirror,
  sizes,
}: Pick<SyncContext, 'mirror' | 'sizes'>): Promise<WaitsForJob> {
  const waiting = new Map<string, number>();
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states: ['pending'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
    for (const entry of page) {
      if (!mayGoByJob(entry) || bulkCells(entry) === null) continue;
      const kind = kindOf(entry);
      waiting.set(kind, (waiting.get(kind) ?? 0) + 1);
    }
  }
  return (entry) =>
    mayGoByJob(entry) &&
    (entry.api === 'bulk' || (waiting.get(kindOf(entry)) ?? 0) >= sizes.ingestFromRows) &&
    bulkCells(entry) !== null;
}

/** All that a push stores has one time. */
function kindOf(entry: OutboxEntry): string {
  return [operationOf(entry), entry.upsertField ?? '', entry.createdAt].join(' ');
}
