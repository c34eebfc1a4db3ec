import { AppError } from '../../base/errors.ts';
import type { PageOutcome } from '../ports/page.ts';
import { awaitBulkJob, deleteBulkJob, LocatorTrail } from './bulk-job.ts';
import type { RowReader } from './row-reader.ts';
import { readWholePage } from './whole-page.ts';

interface StoredPage {
  page: PageOutcome | null;
  next: string | null;
}

/** Above this many contacts a bulk job is the faster and thriftier way. */
export const bulkAboveContacts = 20_000;

/** Reads the rows of one query by a Bulk API 2.0 job, one page a transaction. */
export async function readByBulk(reader: RowReader, soql: string): Promise<void> {
  const { context, fields, took, signal, partial } = reader;
  const { remote, mirror } = context;
  const { id: jobId } = await remote.bulk.create(soql, 'query', { signal });
  const job = await awaitBulkJob(context, jobId, { signal });
  const trail = new LocatorTrail(jobId, null);
  let locator: string | null = null;
  let rows = 0;
  do {
    const { page, next }: StoredPage = await readWholePage(context, {
      ask: () => remote.bulk.results(jobId, fields, { locator, signal }),
      store: async ({ body, nextLocator }) => {
        const stored = await mirror.commit({ page: { ...body, partial } }, { signal });
        return { page: stored.page, next: nextLocator };
      },
      signal,
    });
    if (page !== null) {
      took(page);
      rows += page.rows;
    }
    // Only now, for a page that is not taken would keep its connection.
    trail.assertLeadsOn(next);
    locator = next;
  } while (locator !== null);
  if (rows !== job.numberRecordsProcessed) {
    throw new AppError(
      'BULK_JOB_INCOMPLETE',
      `The bulk job ${jobId} says it processed ${job.numberRecordsProcessed} contacts, but its pages hold ${rows}.`,
      { hint: 'Nothing is lost: the next cycle reads the same span again.' },
    );
  }
  await deleteBulkJob(context, jobId, { signal });
}
