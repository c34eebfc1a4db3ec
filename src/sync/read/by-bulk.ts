import { assertJobRows, awaitBulkJob, deleteBulkJob } from './bulk-job.ts';
import { readResultPages } from './result-pages.ts';
import type { RowReader } from './row-reader.ts';

/** Reads the rows of one query by a Bulk API 2.0 job, one page a transaction. */
export async function readByBulk(reader: RowReader, soql: string): Promise<void> {
  const { context, fields, took, signal, partial } = reader;
  const { remote, mirror } = context;
  const { id: jobId } = await remote.bulk.create(soql, 'query', { signal });
  const { numberRecordsProcessed } = await awaitBulkJob(context, jobId, { signal });
  let rows = 0;
  await readResultPages(context, jobId, {
    fields,
    from: null,
    store: ({ body }) => mirror.commit({ page: { ...body, partial } }, { signal }),
    took({ page }) {
      if (page !== null) {
        took(page);
        rows += page.rows;
      }
      return true;
    },
    signal,
  });
  assertJobRows(jobId, numberRecordsProcessed, rows);
  await deleteBulkJob(context, jobId, { signal });
}
