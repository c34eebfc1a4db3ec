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
export async function waitsForJob(context: Pick<SyncContext, 'mirror' | 'sizes'>): Promise<WaitsForJob> {
  return (await lookThrough(context)).waitsForJob;
}

export interface Waiting {
  waitsForJob: WaitsForJob;
  /** Whether something waits for no job. */
  hasOthers: boolean;
  /** The place of the last entry that waits; -1 where none does. */
  last: number;
}

/** All that waits, gone through once. */
export async function lookThrough({
  mirror,
  sizes,
}: Pick<SyncContext, 'mirror' | 'sizes'>): Promise<Waiting> {
  const waiting = new Map<string, number>();
  /** Kinds of those that nobody wants to go by a job. */
  const unasked = new Set<string>();
  let hasOthers = false;
  let last = -1;
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states: ['pending'], after, limit: entriesPerPage });
    const end = page.at(-1);
    if (end === undefined) break;
    after = end.seq;
    last = after;
    for (const entry of page) {
      if (!mayGoByJob(entry) || bulkCells(entry) === null) {
        hasOthers = true;
        continue;
      }
      const kind = kindOf(entry);
      waiting.set(kind, (waiting.get(kind) ?? 0) + 1);
      if (entry.api !== 'bulk') unasked.add(kind);
    }
  }
  const isMany = (kind: string) => (waiting.get(kind) ?? 0) >= sizes.ingestFromRows;
  return {
    waitsForJob: (entry) =>
      mayGoByJob(entry) && (entry.api === 'bulk' || isMany(kindOf(entry))) && bulkCells(entry) !== null,
    hasOthers: hasOthers || [...unasked].some((kind) => !isMany(kind)),
    last,
  };
}

/** All that a push stores has one time. */
function kindOf(entry: OutboxEntry): string {
  return [operationOf(entry), entry.upsertField ?? '', entry.createdAt].join(' ');
}
