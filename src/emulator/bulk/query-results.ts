import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { BulkRows } from '../org/org.ts';
import type { BulkContext } from './bulk-context.ts';
import type { QueryJob } from './query-job.ts';
import { queryJobState } from './query-job.ts';

/** "Returns up to five URIs in one response" (Get Parallel Results for a Query Job). */
const pagesPerCall = 5;
const resultPagesSince = 58;

/**
 * GET `/jobs/query/{id}/results?locator=&maxRecords=` (Get Results for a Query Job): CSV with the header line on
 * every page, `Sforce-Locator` (`null` on the last) and `Sforce-NumberOfRecords`. A locator stays good as long as
 * its job does.
 */
export function results(request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const { job, rows } = completeJob(id, context);
  const offset = readLocator(request.query.get('locator'), rows);
  const count = Math.min(readMaxRecords(request.query.get('maxRecords')) ?? job.pageRows, rows.rows - offset);
  const next = offset + count;
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/csv; charset=UTF-8',
      'Sforce-Locator': next >= rows.rows ? 'null' : locatorOf(next),
      'Sforce-NumberOfRecords': String(count),
    },
    body: withHeader(rows, offset, count),
  };
}

/** GET `/jobs/query/{id}/resultPages`: the URLs of up to five pages, to be fetched in parallel. */
export function resultPages(request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  if (context.versionNumber < resultPagesSince) {
    throw apiError(404, 'NOT_FOUND', 'The requested resource does not exist');
  }
  const { job, rows } = completeJob(id, context);
  const first = readLocator(request.query.get('locator'), rows);
  const path = `${context.base}/jobs/query/${job.id}`;
  const urls: { resultUrl: string }[] = [];
  let offset = first;
  do {
    urls.push({ resultUrl: `${path}/results?locator=${locatorOf(offset)}` });
    offset += job.pageRows;
  } while (urls.length < pagesPerCall && offset < rows.rows);
  const done = offset >= rows.rows;
  return jsonAnswer(200, {
    resultPages: urls,
    ...(done ? {} : { nextRecordsUrl: `${path}/resultPages?locator=${locatorOf(offset)}` }),
    done,
  });
}

function completeJob(id: string, context: BulkContext): { job: QueryJob; rows: BulkRows } {
  const { emulation, apiVersion } = context;
  const job = emulation.jobs.query(id);
  if (job.apiVersion !== apiVersion) {
    throw apiError(
      409,
      'API_VERSION_MISMATCH',
      `The job was created with API version ${job.apiVersion}: use the same version to get its results.`,
    );
  }
  const state = queryJobState(job, emulation.org.clock.now());
  if (state !== 'JobComplete' || job.rendering.kind !== 'ready') {
    throw apiError(400, 'INVALIDJOBSTATE', `The job must have the state JobComplete; it is ${state}.`);
  }
  return { job, rows: job.rendering.rows };
}

async function* withHeader(rows: BulkRows, offset: number, count: number): AsyncIterable<Uint8Array> {
  yield rows.header;
  if (count > 0) yield* rows.read(offset, count);
}

/** Opaque to clients: base64 of the offset, as in `MTAwMDA`. */
function locatorOf(offset: number): string {
  return Buffer.from(String(offset), 'ascii').toString('base64').replace(/=+$/, '');
}

function readLocator(text: string | null, rows: BulkRows): number {
  if (text === null || text === '') return 0;
  const decoded = Buffer.from(text, 'base64').toString('ascii');
  const offset = /^\d{1,12}$/.test(decoded) ? Number(decoded) : Number.NaN;
  if (!(offset === 0 || offset < rows.rows)) {
    throw apiError(400, 'INVALID_QUERY_LOCATOR', `Invalid locator: ${text}`);
  }
  return offset;
}

function readMaxRecords(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw apiError(400, 'INVALID_ARGUMENT', `maxRecords must be a whole number above 0: ${text}`);
  }
  return count;
}
