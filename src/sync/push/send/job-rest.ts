import type { SyncContext } from '../../context.ts';
import type { IngestJob } from '../../ports/ingest-jobs.ts';
import { jobRestMs, orgNow } from '../settle/org-now.ts';

/** What Salesforce says of data that it cannot read as a whole: no batch of such a job is ever begun. */
const unreadable = /^(InvalidBatch|ClientInputError)\b/;

/** Clocks of one org agree to this; a change that lies further ahead has no time that could be waited for. */
const aheadMs = 60_000;

/**
 * From when on nothing more is done of a job that ended before its time, so that what its files call unprocessed stays so; by the
 * org's clock, ms since 1970. Null where the job does not say when it ended.
 */
export function restOf(context: Pick<SyncContext, 'remote' | 'clock'>, job: IngestJob): number | null {
  if (job.processed === 0 && unreadable.test(job.errorMessage ?? '')) return 0;
  if (job.changedAt === null || job.changedAt > timeOf(context) + aheadMs) return null;
  return job.changedAt + jobRestMs;
}

/** The same of a job that has ended by now, whenever it did. */
export function latestRest(context: Pick<SyncContext, 'remote' | 'clock'>): number {
  return timeOf(context) + jobRestMs;
}

/** The org's present, ms since 1970. */
export function timeOf({ remote, clock }: Pick<SyncContext, 'remote' | 'clock'>): number {
  return orgNow({ remote }) ?? clock.now();
}
