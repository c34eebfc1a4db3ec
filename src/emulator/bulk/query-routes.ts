import type { Answer } from '../http/answer.ts';
import { emptyAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams, Router } from '../http/router.ts';
import { restInstant } from '../schema/stamp.ts';
import type { BulkContext } from './bulk-context.ts';
import { jobAnswer, readFormat } from './job-format.ts';
import { listJobs } from './job-list.ts';
import type { QueryJob } from './query-job.ts';
import { queryJobState } from './query-job.ts';
import { resultPages, results } from './query-results.ts';

/** `/jobs/query…` (Bulk API 2.0, Query). */
export function bulkQueryRoutes<C extends BulkContext>(router: Router<C>): void {
  router
    .on('POST', '/jobs/query', createJob)
    .on('GET', '/jobs/query', listQueryJobs)
    .on('GET', '/jobs/query/:id', jobInfo)
    .on('PATCH', '/jobs/query/:id', abortJob)
    .on('DELETE', '/jobs/query/:id', deleteJob)
    .on('GET', '/jobs/query/:id/results', results)
    .on('GET', '/jobs/query/:id/resultPages', resultPages);
}

/** Queries refused here never become jobs; one that fails later is a job in state Failed. */
function createJob(request: ApiRequest, _params: PathParams, context: BulkContext): Answer {
  const body = jsonObject(request);
  const { operation, query } = body;
  if (operation !== 'query' && operation !== 'queryAll') {
    throw apiError(
      400,
      'INVALIDOPERATION',
      `Invalid operation: ${String(operation)}. Allowed are query, queryAll.`,
    );
  }
  if (typeof query !== 'string' || query.trim() === '') {
    throw apiError(400, 'MALFORMED_QUERY', 'The query property is required.');
  }
  const format = readFormat(body);
  const { emulation, actor, apiVersion } = context;
  const { object } = emulation.org.checkBulkQuery(actor, query);
  const now = emulation.org.clock.now();
  const abort = new AbortController();
  const job: QueryJob = {
    id: emulation.jobs.nextId(),
    operation,
    object,
    createdById: actor.userId,
    createdMs: now,
    changedMs: now,
    apiVersion,
    format,
    dueMs: now + emulation.settings.bulkJobMs,
    pageRows: emulation.settings.bulkPageRows,
    aborted: false,
    rendering: { kind: 'running', abort },
  };
  emulation.jobs.addQuery(job);
  render(job, query, abort, context);
  return jobAnswer({ ...jobFields(job), state: 'UploadComplete' });
}

function render(
  job: QueryJob,
  query: string,
  abort: AbortController,
  { emulation, actor }: BulkContext,
): void {
  if (emulation.settings.bulkJobFailures > 0) {
    emulation.settings.bulkJobFailures--;
    job.rendering = {
      kind: 'failed',
      message: 'InternalServerError : The job failed, as a setting told it to.',
    };
    return;
  }
  emulation.org
    .bulkQuery(actor, query, { ...job.format, all: job.operation === 'queryAll', signal: abort.signal })
    .then(
      (rows) => {
        if (abort.signal.aborted) rows.release();
        else job.rendering = { kind: 'ready', rows };
      },
      (error: unknown) => {
        job.rendering = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
      },
    )
    .finally(() => {
      job.changedMs = Math.max(job.dueMs, emulation.org.clock.now());
    });
}

function jobInfo(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  return jobAnswer(infoFields(context.emulation.jobs.query(id), context));
}

function listQueryJobs(request: ApiRequest, _params: PathParams, context: BulkContext): Answer {
  const fields = context.emulation.jobs
    .queries()
    .map((job) => ({ ...stateFields(job, context), jobType: 'V2Query' }));
  return listJobs(request, fields, `${context.base}/jobs/query`);
}

function abortJob(request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.query(id);
  const { state } = jsonObject(request);
  if (state !== 'Aborted') {
    throw apiError(
      400,
      'INVALIDJOBSTATE',
      `Invalid job state: ${String(state)}. A query job can only be aborted.`,
    );
  }
  const current = queryJobState(job, context.emulation.org.clock.now());
  if (current === 'JobComplete' || current === 'Failed') {
    throw apiError(
      400,
      'INVALIDJOBSTATE',
      `Aborting already Completed Job not allowed: the job is ${current}.`,
    );
  }
  if (job.rendering.kind === 'running') job.rendering.abort.abort();
  job.aborted = true;
  job.changedMs = context.emulation.org.clock.now();
  return jobAnswer(stateFields(job, context));
}

/** "The job must have the state UploadComplete, JobComplete, Aborted, or Failed" to be deleted. */
function deleteJob(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.query(id);
  if (queryJobState(job, context.emulation.org.clock.now()) === 'InProgress') {
    throw apiError(400, 'INVALIDJOBSTATE', 'A job in progress cannot be deleted: abort it first.');
  }
  context.emulation.jobs.deleteQuery(job);
  return emptyAnswer(204);
}

function jobFields(job: QueryJob): Record<string, unknown> {
  return {
    id: job.id,
    operation: job.operation,
    object: job.object,
    createdById: job.createdById,
    createdDate: restInstant(Math.floor(job.createdMs / 1_000) * 1_000),
    systemModstamp: restInstant(Math.floor(job.changedMs / 1_000) * 1_000),
    state: 'UploadComplete',
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(job.apiVersion),
    lineEnding: job.format.lineEnding,
    columnDelimiter: job.format.columnDelimiter,
  };
}

function stateFields(job: QueryJob, { emulation }: BulkContext): Record<string, unknown> {
  return { ...jobFields(job), state: queryJobState(job, emulation.org.clock.now()) };
}

function infoFields(job: QueryJob, context: BulkContext): Record<string, unknown> {
  const now = context.emulation.org.clock.now();
  const state = queryJobState(job, now);
  const { rendering } = job;
  const rows = rendering.kind === 'ready' && state === 'JobComplete' ? rendering.rows.rows : 0;
  return {
    ...jobFields(job),
    state,
    jobType: 'V2Query',
    numberRecordsProcessed: rows,
    retries: 0,
    totalProcessingTime: Math.max(0, Math.min(now, job.changedMs) - job.createdMs),
    isPkChunkingSupported: false,
    ...(state === 'Failed' && rendering.kind === 'failed' ? { errorMessage: rendering.message } : {}),
  };
}
