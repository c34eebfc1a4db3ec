import type { BulkHost } from './bulk-context.ts';
import { endIngest, type IngestEnd } from './ingest-end.ts';
import { type IngestJob, ingestJobState } from './ingest-job.ts';
import { runUnderWay } from './ingest-run.ts';

/**
 * Ends a job that has not ended. Of one in progress the batches under way are worked off all the same: "If the job associated with
 * the batch is aborted, the batch is still processed to completion" (Interpret Batch State). Until they are through, nothing
 * tells their rows from those that nobody works off any more.
 */
export function endJob(
  job: IngestJob,
  end: IngestEnd,
  { org, jobs, agenda, settings }: Pick<BulkHost, 'org' | 'jobs' | 'agenda' | 'settings'>,
): void {
  const now = org.clock.now();
  const isInProgress = ingestJobState(job, now) === 'InProgress';
  endIngest(job, end, now);
  const { bulkRowsUnderWay: rows, bulkUnderWayMs, bulkDailyRows } = settings;
  if (!isInProgress || rows === 0) return;
  const takeRows = (wanted: number) => jobs.takeRows(wanted, bulkDailyRows);
  agenda.at(now + bulkUnderWayMs, () => runUnderWay(job, rows, { org, takeRows }));
}

/**
 * Ends ingest jobs as an administrator, or Salesforce itself, does: those of these ids, or all that there are; what has
 * ended stays so. `Deleted`: aborted where it has not ended, and deleted. Answers the ids.
 */
export function endJobs(
  as: IngestEnd['as'] | 'Deleted',
  { ids, message }: { ids?: readonly string[]; message: string },
  host: Pick<BulkHost, 'org' | 'jobs' | 'agenda' | 'settings'>,
): string[] {
  const { jobs } = host;
  const chosen = ids === undefined ? jobs.ingests() : ids.map((id) => jobs.ingest(id));
  for (const job of chosen) {
    endJob(job, { as: as === 'Failed' ? 'Failed' : 'Aborted', message }, host);
    if (as === 'Deleted') jobs.deleteIngest(job);
  }
  return chosen.map(({ id }) => id);
}
