import { AppError, isAppError } from '../base/errors.ts';
import { isIdOf, sameId } from '../org/record-id.ts';
import type {
  BulkJob,
  BulkPage,
  BulkQueries,
  BulkResultPages,
  BulkState,
} from '../sync/ports/bulk-queries.ts';
import type { CallOptions, PageOptions } from '../sync/ports/call-options.ts';
import { streamBytes } from './answer-bounds.ts';
import { instantOf, isCount, isObject } from './answer-values.ts';
import type { ApiRequest, WholeAnswer } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import { oneLine } from './error-body.ts';
import type { OrgClock } from './org-clock.ts';
import { remoteDetails } from './remote-error.ts';
import { parseObject, unexpectedAnswer } from './unexpected-answer.ts';

export interface BulkContext {
  client: ApiClient;
  orgClock: Pick<OrgClock, 'told'>;
  apiVersion: string;
  ownPath(url: string): string;
}

/** How far the servers of an org may differ, and its clock from what is known of it. */
const futureMs = 300_000;

/** What the results of a job need to know of it. */
interface KnownJob {
  /** Results must be asked with the API version that the job was created with, else 409. */
  apiVersion: string;
  /** The org's time when its rows were read or before, ms since 1970. */
  readAt: number;
}

/**
 * Bulk API 2.0 query jobs. Not through jsforce, which buffers and parses result pages, loses the locator's end,
 * has no `resultPages`, and whose job control is these same five requests.
 * Source: Bulk API 2.0 Developer Guide, "Query Jobs".
 */
export function bulkQueries({ client, orgClock, apiVersion, ownPath }: BulkContext): BulkQueries {
  const known = new Map<string, KnownJob>();
  const jobs = (version: string, rest = '') => `/services/data/v${version}/jobs/query${rest}`;
  const jobPath = (id: string) => jobs(apiVersion, `/${encodeURIComponent(id)}`);

  /** `sentAt`: when the request was sent that made the job; createdDate alone has whole seconds. */
  const remember = (answer: WholeAnswer, sentAt = 0): BulkJob => {
    const body = parseObject(answer.text, 'a bulk job', answer);
    const job = toJob(body, apiVersion);
    const createdAt = instantOf(body.createdDate);
    if (job === null || createdAt === null) throw unexpectedAnswer('a bulk job', answer);
    // Its rows are dated by it, and those of the future would yield to none that is read later.
    if (createdAt > orgClock.told() + futureMs) throw unexpectedAnswer('a bulk job', answer);
    const readAt = Math.max(createdAt, sentAt, known.get(job.id)?.readAt ?? 0);
    known.set(job.id, { apiVersion: job.apiVersion, readAt });
    return job;
  };
  const info = async (jobId: string, { signal }: CallOptions = {}) => {
    const answer = await client.read({ kind: 'pull', method: 'GET', path: jobPath(jobId), signal });
    const job = remember(answer);
    if (!sameId(job.id, jobId)) throw unexpectedAnswer('a bulk job', answer);
    return job;
  };
  const knownJob = async (jobId: string, options: CallOptions): Promise<KnownJob> => {
    if (!known.has(jobId)) await info(jobId, options);
    const job = known.get(jobId);
    if (job === undefined)
      throw new AppError('SALESFORCE_ERROR', `The bulk job ${jobId} answers for another.`);
    return job;
  };

  const page = async (
    path: string,
    readAt: number,
    fields: readonly string[],
    { whenCrowded, signal }: PageOptions,
  ) => {
    const request: ApiRequest = {
      kind: 'pull',
      method: 'GET',
      path,
      headers: { accept: 'text/csv' },
      whenCrowded,
      signal,
    };
    const answer = await client.open(request);
    const rows = answer.header('sforce-numberofrecords');
    if (rows !== null && !/^\d{1,10}$/.test(rows)) {
      answer.drop();
      throw unexpectedAnswer('a bulk result page', answer);
    }
    const locator = answer.header('sforce-locator');
    return {
      body: {
        format: 'csv' as const,
        fields,
        // The rows are as old as the job, however late its results are fetched: told as read now, a record
        // deleted since then would come back to life.
        readAt,
        expectedRows: rows === null ? null : Number(rows),
        blocks: answer.blocks(streamBytes.bulk),
      },
      nextLocator: locator === null || locator === '' || locator === 'null' ? null : locator,
    } satisfies BulkPage;
  };

  return {
    async create(soql, operation, { signal } = {}) {
      const body = { operation, query: soql, contentType: 'CSV', columnDelimiter: 'COMMA', lineEnding: 'LF' };
      const path = jobs(apiVersion);
      // A job whose answer was lost is nobody's: it costs little, and Salesforce drops it after seven days.
      const answer = await client.read({
        kind: 'pull',
        method: 'POST',
        path,
        body: JSON.stringify(body),
        signal,
      });
      return remember(answer, answer.readAt);
    },
    info,
    async results(jobId, fields, { locator, whenCrowded, signal } = {}) {
      const job = await knownJob(jobId, { signal });
      const query = new URLSearchParams();
      if (locator != null) query.set('locator', locator);
      const path = `${jobs(job.apiVersion, `/${encodeURIComponent(jobId)}`)}/results?${query}`;
      return page(path.replace(/\?$/, ''), job.readAt, fields, { whenCrowded, signal });
    },
    async resultPages(jobId, { nextUrl, signal } = {}) {
      const job = await knownJob(jobId, { signal });
      if (Number.parseFloat(job.apiVersion) < 58) throw resultPagesUnsupported(job.apiVersion);
      const first = `${jobs(job.apiVersion, `/${encodeURIComponent(jobId)}`)}/resultPages`;
      const path = nextUrl === undefined ? first : ownPath(nextUrl);
      const answer = await client
        .read({ kind: 'pull', method: 'GET', path, signal })
        .catch((error: unknown) => {
          throw isRefusal(error) ? resultPagesUnsupported(job.apiVersion, error) : error;
        });
      return toResultPages(answer, jobId, ownPath);
    },
    async resultPage(url, fields, { whenCrowded, signal } = {}) {
      const path = ownPath(url);
      const jobId = /\/jobs\/query\/([^/]+)\//.exec(path)?.[1];
      if (jobId === undefined)
        throw new AppError('SALESFORCE_ERROR', 'That is no URL of a bulk result page.');
      const job = await knownJob(decodeURIComponent(jobId), { signal });
      return page(path, job.readAt, fields, { whenCrowded, signal });
    },
    async delete(jobId, { signal } = {}) {
      try {
        await client.read({ kind: 'pull', method: 'DELETE', path: jobPath(jobId), signal });
      } catch (error) {
        // Gone already: by an earlier attempt whose answer was lost, or after its seven days.
        if (remoteDetails(error)?.status !== 404) throw error;
      }
      known.delete(jobId);
    },
  };
}

const states: ReadonlySet<unknown> = new Set<BulkState>([
  'UploadComplete',
  'InProgress',
  'JobComplete',
  'Failed',
  'Aborted',
]);

function toJob(body: Record<string, unknown>, apiVersion: string): BulkJob | null {
  const { id, state, apiVersion: version, numberRecordsProcessed: rows = 0, errorMessage } = body;
  // A state that is not known would be waited for to its end.
  if (!isIdOf('750', id) || !states.has(state) || !isCount(rows)) return null;
  return {
    id,
    state: state as BulkState,
    apiVersion:
      typeof version === 'number' && version > 0 && version < 1_000 ? version.toFixed(1) : apiVersion,
    numberRecordsProcessed: rows,
    errorMessage: typeof errorMessage === 'string' && errorMessage !== '' ? oneLine(errorMessage) : null,
  };
}

function toResultPages(
  answer: WholeAnswer,
  jobId: string,
  ownPath: (url: string) => string,
): BulkResultPages {
  const body = parseObject(answer.text, 'resultPages', answer);
  if (!Array.isArray(body.resultPages)) throw unexpectedAnswer('resultPages', answer);
  // The documentation's table and its example spell the next link differently.
  const next = body.nextRecordsUrl ?? body.nextRecordUrl;
  const nextRecordsUrl = typeof next === 'string' && next !== '' ? ownPath(next) : null;
  return {
    // As paths, so that what is stored of them survives a renamed My Domain.
    resultUrls: body.resultPages.map((entry: unknown) => {
      const url = isObject(entry) ? entry.resultUrl : null;
      if (typeof url !== 'string') throw unexpectedAnswer('resultPages', answer);
      const path = ownPath(url);
      // Another job's rows would pass for this one's.
      const named = /\/jobs\/query\/([^/]+)\//.exec(path)?.[1] ?? '';
      if (!sameId(named, jobId)) throw unexpectedAnswer('resultPages', answer);
      return path;
    }),
    nextRecordsUrl,
    done: body.done === true || nextRecordsUrl === null,
  };
}

/** Whether the org knows no `resultPages` or will not give it for this job (409: another API version). */
function isRefusal(error: unknown): boolean {
  const status = remoteDetails(error)?.status ?? 0;
  return isAppError(error, 'SALESFORCE_ERROR') && [400, 403, 404, 405, 409].includes(status);
}

function resultPagesUnsupported(apiVersion: string, cause?: unknown): AppError {
  return new AppError(
    'RESULT_PAGES_UNSUPPORTED',
    `The org does not list result pages for a job of API version ${apiVersion}.`,
    { hint: 'Its pages can be read one after the other instead.', details: remoteDetails(cause), cause },
  );
}
