import type { CallDetails } from '../../base/error-details.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { runAgain } from '../../base/run-again.ts';
import type { SyncContext } from '../context.ts';
import { jobPollMs } from '../job-poll.ts';
import type { BulkJob } from '../ports/bulk-queries.ts';
import { isOfAnotherType } from '../schema.ts';

/** Salesforce itself gives a query job up after some hours; a job that outlives this is left, never deleted. */
const patienceMs = 6 * 3_600_000;

/** Waits until the job is complete. Throws `BULK_JOB_FAILED` or, past six hours, `BULK_JOB_SLOW`. */
export async function awaitBulkJob(
  context: Pick<SyncContext, 'remote' | 'clock'>,
  jobId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<BulkJob> {
  for (;;) {
    const job = await pollBulkJob(context, jobId, { leftMs: () => Number.POSITIVE_INFINITY, signal });
    if (job !== null) return job;
  }
}

/** The same for as long as `leftMs` says that there is time; null where the job is not complete by then. */
export async function pollBulkJob(
  { remote, clock }: Pick<SyncContext, 'remote' | 'clock'>,
  jobId: string,
  { leftMs, signal }: { leftMs: () => number; signal?: AbortSignal },
): Promise<BulkJob | null> {
  const startedAt = clock.monotonicMs();
  for (let attempt = 0; ; attempt++) {
    const job = await remote.bulk.info(jobId, { signal });
    if (job.state === 'JobComplete') return job;
    if (job.state === 'Failed' || job.state === 'Aborted') {
      const why = job.errorMessage === null ? '.' : `: ${job.errorMessage}`;
      throw new AppError('BULK_JOB_FAILED', `Salesforce ended the bulk job ${jobId} as ${job.state}${why}`, {
        details: { jobId, state: job.state, errorMessage: job.errorMessage },
      });
    }
    const sinceMs = clock.monotonicMs() - startedAt;
    if (sinceMs > patienceMs) {
      throw new AppError('BULK_JOB_SLOW', `The bulk job ${jobId} has not finished within six hours.`, {
        hint: `The job is still there, and is waited for further: later, ${runAgain}.`,
      });
    }
    const left = leftMs();
    if (left <= 0) return null;
    await clock.sleep(Math.min(jobPollMs(attempt, sinceMs), left), { signal });
  }
}

/** A result page holds 50,000 records by default. */
const mostResultPages = 50_000;

/** All result page URLs of a finished job, or null where the org does not tell them. */
export async function listResultPages(
  { remote, log }: Pick<SyncContext, 'remote' | 'log'>,
  jobId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<string[] | null> {
  const urls = new Set<string>();
  const asked = new Set<string | undefined>();
  let nextUrl: string | undefined;
  do {
    // A list that leads in a circle would never end; read one after the other, the pages have an end of their own.
    if (asked.has(nextUrl)) return null;
    asked.add(nextUrl);
    try {
      const answer = await remote.bulk.resultPages(jobId, { nextUrl, signal });
      for (const url of answer.resultUrls) {
        // A page named twice would stand for one that is missing.
        if (urls.has(url)) return null;
        urls.add(url);
      }
      if (urls.size > mostResultPages || (!answer.done && answer.resultUrls.length === 0)) return null;
      nextUrl = answer.done ? undefined : (answer.nextRecordsUrl ?? undefined);
      if (!answer.done && nextUrl === undefined) return null;
    } catch (error) {
      if (!isAppError(error, 'RESULT_PAGES_UNSUPPORTED')) throw error;
      log.debug('the org does not list result pages; they are read one after the other', { jobId });
      return null;
    }
  } while (nextUrl !== undefined);
  return [...urls];
}

/** A job whose results are all stored is deleted; that it stays would only be untidy, so a failure is not the run's. */
export async function deleteBulkJob(
  { remote, log }: Pick<SyncContext, 'remote' | 'log'>,
  jobId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  try {
    await remote.bulk.delete(jobId, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    log.debug('a finished bulk job could not be deleted; Salesforce drops it after seven days', { jobId });
  }
}

/** A job counts only when its pages together hold what it says it processed. Throws `BULK_JOB_INCOMPLETE`. */
export function assertJobRows(jobId: string, expected: number, rows: number): void {
  if (rows === expected) return;
  throw new AppError(
    'BULK_JOB_INCOMPLETE',
    `The bulk job ${jobId} says it processed ${expected} contacts, but its pages hold ${rows}.`,
    {
      hint: 'Nothing is lost: whatever reads this span next reads all of it.',
      details: { jobId, expected, rows },
    },
  );
}

/** The locators of one job's pages so far: one that comes again leads in a circle and would be followed for ever. */
export class LocatorTrail {
  readonly #jobId: string;
  readonly #seen: Set<string | null>;

  /** `from`: the locator of the first page that is read, null for the job's first. */
  constructor(jobId: string, from: string | null) {
    this.#jobId = jobId;
    this.#seen = new Set([from]);
  }

  /** Throws `PAGING_STUCK`. */
  assertLeadsOn(next: string | null): void {
    if (next !== null && this.#seen.has(next)) {
      throw new AppError(
        'PAGING_STUCK',
        `The bulk job ${this.#jobId} answered a page that does not lead on.`,
        {
          details: { jobId: this.#jobId, locator: next },
        },
      );
    }
    this.#seen.add(next);
  }
}

/**
 * Whether a job's rows cannot be had any more. UNEXPECTED_COLUMN: it was made before a field came, and only a new
 * job has that one's values. `isDescribed`: so are values of another type than a field has by a describe of just now.
 */
export function isLostJob(error: unknown, { isDescribed }: { isDescribed: boolean }): boolean {
  return (
    (isDescribed && isOfAnotherType(error)) ||
    isAppError(
      error,
      'BULK_JOB_FAILED',
      'BULK_JOB_INCOMPLETE',
      'UNEXPECTED_COLUMN',
      'INVALID_QUERY_LOCATOR',
    ) ||
    (isAppError(error, 'SALESFORCE_ERROR') && isJobRefused(error.details))
  );
}

/**
 * Gone, in a state that has no results, or at a locator that has ended. The codes are many and spelt in several ways;
 * what they have in common is that the same request will never be answered, while a new job's may.
 */
function isJobRefused(details: CallDetails | undefined): boolean {
  return [400, 404, 409, 410].includes(details?.status ?? 0);
}
