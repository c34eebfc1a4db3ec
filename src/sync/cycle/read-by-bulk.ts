import { AppError } from '../../base/errors.ts';
import { awaitBulkJob, deleteBulkJob, LocatorTrail } from '../bulk-job.ts';
import type { PageReader } from './page-reader.ts';

/** Reads the rows of one query by a Bulk API 2.0 job, one page a transaction. */
export async function readByBulk(reader: PageReader, soql: string): Promise<void> {
  const { context, fields, took, signal, partial } = reader;
  const { remote, mirror } = context;
  const { id: jobId } = await remote.bulk.create(soql, 'query', { signal });
  const job = await awaitBulkJob(context, jobId, { signal });
  const trail = new LocatorTrail(jobId, null);
  let locator: string | null = null;
  let rows = 0;
  do {
    const result: Awaited<ReturnType<typeof remote.bulk.results>> = await remote.bulk.results(jobId, fields, {
      locator,
      signal,
    });
    const { page } = await mirror.commit({ page: { ...result.body, partial } }, { signal });
    if (page !== null) {
      took(page);
      rows += page.rows;
    }
    // Only now, for a page that is not taken would keep its connection.
    trail.assertLeadsOn(result.nextLocator);
    locator = result.nextLocator;
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
