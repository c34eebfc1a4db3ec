import type { SyncContext } from '../context.ts';
import type { BulkPage } from '../ports/bulk-queries.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import { LocatorTrail } from './bulk-job.ts';
import { readWholePage } from './whole-page.ts';

interface StoredPage {
  outcome: BatchOutcome;
  next: string | null;
}

export interface ResultPagesWork {
  fields: readonly string[];
  /** The locator of the first page to read; null for the job's first. */
  from: string | null;
  /** One transaction: it stores the whole page or nothing. */
  store: (page: BulkPage) => Promise<BatchOutcome>;
  /** Whether to read on. */
  took: (outcome: BatchOutcome) => boolean;
  /** Lends a place among the requests under way; what is crowded is then handed up to it. */
  place?: (work: () => Promise<StoredPage>) => Promise<StoredPage>;
  signal: AbortSignal;
}

/** Reads a finished job's pages one after the other, each by the locator that the one before named. */
export async function readResultPages(
  context: Pick<SyncContext, 'remote' | 'clock' | 'log'>,
  jobId: string,
  { fields, from, store, took, place, signal }: ResultPagesWork,
): Promise<void> {
  const trail = new LocatorTrail(jobId, from);
  const whenCrowded = place === undefined ? 'repeat' : 'throw';
  let locator = from;
  do {
    const asked: string | null = locator;
    const { outcome, next } = await readWholePage<BulkPage, StoredPage>(context, {
      ask: () => context.remote.bulk.results(jobId, fields, { locator: asked, whenCrowded, signal }),
      store: async (page) => ({ outcome: await store(page), next: page.nextLocator }),
      place,
      signal,
    });
    const readsOn = took(outcome);
    // Only now, for a page that is not taken would keep its connection.
    trail.assertLeadsOn(next);
    if (!readsOn) return;
    locator = next;
  } while (locator !== null);
}
