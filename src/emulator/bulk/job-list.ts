import type { Answer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jobAnswer } from './job-format.ts';

/** "Returns up to 1,000 jobs"; the rest by nextRecordsUrl (Get Information About All Jobs). */
const pageJobs = 1_000;

export function listJobs(request: ApiRequest, jobs: Record<string, unknown>[], path: string): Answer {
  const locator = request.query.get('queryLocator');
  const offset = locator === null ? 0 : Number(/-(\d+)$/.exec(locator)?.[1] ?? Number.NaN);
  if (!Number.isInteger(offset)) throw apiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  const type = request.query.get('jobType');
  const mode = request.query.get('concurrencyMode');
  const matching = jobs
    .filter((job) => type === null || job.jobType === type)
    .filter((job) => mode === null || String(job.concurrencyMode).toLowerCase() === mode.toLowerCase());
  const next = offset + pageJobs;
  const done = next >= matching.length;
  return jobAnswer({
    done,
    records: matching.slice(offset, next),
    nextRecordsUrl: done ? null : `${path}?queryLocator=01g-${next}`,
  });
}
