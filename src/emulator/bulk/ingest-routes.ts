import type { Answer } from '../http/answer.ts';
import { emptyAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject, parseJson } from '../http/request.ts';
import type { PathParams, Router } from '../http/router.ts';
import type { DescribeDocument } from '../schema/describe-document.ts';
import { OrgFault } from '../schema/fault.ts';
import { restInstant } from '../schema/stamp.ts';
import type { BulkContext } from './bulk-context.ts';
import { endJob } from './end-jobs.ts';
import { csvLine, IngestFailure } from './ingest-csv.ts';
import type { IngestEnd } from './ingest-end.ts';
import type { IngestJob, IngestOperation } from './ingest-job.ts';
import { ingestJobState, ingestOperations } from './ingest-job.ts';
import { runIngest } from './ingest-run.ts';
import { jobAnswer, readFormat } from './job-format.ts';
import { listJobs } from './job-list.ts';
import { mixedRows } from './mixed-rows.ts';
import { readMultipart } from './multipart.ts';

/** "Salesforce creates a separate batch for every 10,000 records in your job data" (How Requests Are Processed). */
const batchRows = 10_000;

/** `/jobs/ingest…` (Bulk API 2.0, Ingest). */
export function bulkIngestRoutes<C extends BulkContext>(router: Router<C>): void {
  router
    .on('POST', '/jobs/ingest', createJob)
    .on('GET', '/jobs/ingest', listIngestJobs)
    .on('GET', '/jobs/ingest/:id', jobInfo)
    .on('PATCH', '/jobs/ingest/:id', changeState)
    .on('DELETE', '/jobs/ingest/:id', deleteJob)
    .on('PUT', '/jobs/ingest/:id/batches', upload)
    .on('GET', '/jobs/ingest/:id/successfulResults', successfulResults)
    .on('GET', '/jobs/ingest/:id/failedResults', failedResults)
    .on('GET', '/jobs/ingest/:id/unprocessedrecords', unprocessedRecords);
}

function createJob(request: ApiRequest, _params: PathParams, context: BulkContext): Answer {
  const { jobs, settings } = context.emulation;
  if (jobs.batchesToday() >= settings.bulkDailyBatches || jobs.rowsToday() >= settings.bulkDailyRows) {
    throw apiError(400, 'EXCEEDEDQUOTA', 'ExceededQuota : ApiBatchItems Limit exceeded.');
  }
  const parts = readMultipart(request);
  const body = parts ? parseJson(parts.job) : jsonObject(request);
  if (body === null || typeof body !== 'object') {
    throw apiError(400, 'JSON_PARSER_ERROR', 'The job must be an object.');
  }
  const job = newJob(body as Record<string, unknown>, context);
  context.emulation.jobs.addIngest(job);
  if (parts) {
    job.data = parts.content;
    return close(job, context);
  }
  return jobAnswer(baseFields(job, context));
}

function describedObject(object: string, { emulation, actor }: BulkContext): DescribeDocument {
  try {
    return emulation.org.describe(actor, object).document;
  } catch (error) {
    if (!(error instanceof OrgFault) || error.errorCode !== 'NOT_FOUND') throw error;
    throw apiError(400, 'INVALIDJOB', `InvalidJob : Unable to find object: ${object}`);
  }
}

function newJob(body: Record<string, unknown>, context: BulkContext): IngestJob {
  const { object, operation, externalIdFieldName } = body;
  const { emulation, actor, apiVersion } = context;
  if (typeof operation !== 'string' || !ingestOperations.includes(operation as IngestOperation)) {
    throw apiError(400, 'INVALIDOPERATION', `Invalid operation: ${String(operation)}.`);
  }
  if (typeof object !== 'string') throw apiError(400, 'INVALIDJOB', 'The object property is required.');
  const document = describedObject(object, context);
  if (operation === 'upsert') {
    const field = document.fields.find(
      (f) => f.name.toLowerCase() === String(externalIdFieldName ?? '').toLowerCase(),
    );
    if (!field || !(field.externalId || field.idLookup || field.name === 'Id')) {
      throw apiError(
        400,
        'INVALIDJOB',
        externalIdFieldName === undefined
          ? `InvalidJob : External ID was blank for ${document.name}. An External ID must be specified for upsert.`
          : `InvalidJob : Field name provided, ${String(externalIdFieldName)} is not an External ID or indexed field for ${document.name}`,
      );
    }
  }
  const now = emulation.org.clock.now();
  return {
    id: emulation.jobs.nextId(),
    operation: operation as IngestOperation,
    object: document.name,
    externalIdFieldName: typeof externalIdFieldName === 'string' ? externalIdFieldName : undefined,
    createdById: actor.userId,
    createdMs: now,
    changedMs: now,
    apiVersion,
    format: readFormat(body),
    data: undefined,
    phase: 'open',
    dueMs: 0,
    result: undefined,
    errorMessage: undefined,
  };
}

/** PUT `…/batches`: once per job, while it is open. */
function upload(request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const type = request.headers['content-type'];
  if (type !== undefined && !/csv/i.test(type)) {
    throw apiError(415, 'UNSUPPORTED_MEDIA_TYPE', `Content-Type is not supported: ${type}. Send text/csv.`);
  }
  if (job.phase !== 'open' || job.data !== undefined) {
    throw apiError(400, 'INVALIDJOBSTATE', 'Data can be uploaded once, while the job is Open.');
  }
  job.data = request.body;
  return { status: 201 };
}

function changeState(request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const { state } = jsonObject(request);
  const now = context.emulation.org.clock.now();
  if (state === 'UploadComplete') {
    if (job.phase !== 'open') {
      throw apiError(400, 'INVALIDJOBSTATE', `The job is ${ingestJobState(job, now)} and cannot be closed.`);
    }
    return close(job, context);
  }
  if (state === 'Aborted') {
    if (job.phase === 'done' || job.phase === 'failed') {
      throw apiError(400, 'INVALIDJOBSTATE', `Aborting already Completed Job not allowed.`);
    }
    endJob(job, { as: 'Aborted', message: '' }, context.emulation);
  } else {
    throw apiError(400, 'INVALIDJOBSTATE', `Invalid job state: ${String(state)}.`);
  }
  return jobAnswer(baseFields(job, context));
}

/** Queues the work, and answers the job as it is now, whatever the clock says when the answer is written. */
function close(job: IngestJob, context: BulkContext): Answer {
  const { org, agenda, settings, jobs } = context.emulation;
  job.phase = 'closed';
  job.changedMs = org.clock.now();
  job.dueMs = job.changedMs + settings.bulkJobMs;
  jobs.takeBatches(batchesOf(job));
  agenda.at(job.dueMs, () => {
    if (job.phase === 'closed') job.phase = 'running';
    const takeRows = (rows: number) => jobs.takeRows(rows, settings.bulkDailyRows);
    const end = (as: IngestEnd) => endJob(job, as, context.emulation);
    runIngest(job, { org, takeRows, planned: jobs.takePlannedEnd(), end })
      .then(() => {
        // Whoever ended it meanwhile has told when.
        if (job.phase !== 'running') return;
        job.phase = 'done';
        job.changedMs = Math.max(job.changedMs, org.clock.now());
      })
      .catch((error: unknown) => {
        // What was aborted stays so, and data that nobody worked off cannot fail.
        if (job.phase !== 'running') return;
        job.phase = 'failed';
        job.errorMessage =
          error instanceof IngestFailure ? error.message : `UnknownException : ${String(error)}`;
        job.changedMs = Math.max(job.changedMs, org.clock.now());
      });
  });
  return jobAnswer({ ...baseFields(job, context), state: 'UploadComplete' });
}

/** Counted by lines, for what is no CSV takes a batch too. */
function batchesOf({ data }: IngestJob): number {
  const lines = data === undefined ? 0 : data.toString('latin1').split('\n').length;
  return Math.max(1, Math.ceil(lines / batchRows));
}

/** "The job must have the state UploadComplete, JobComplete, Aborted, or Failed" to be deleted. */
function deleteJob(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const state = ingestJobState(job, context.emulation.org.clock.now());
  if (state === 'Open' || state === 'InProgress') {
    throw apiError(
      400,
      'INVALIDJOBSTATE',
      `A job must be UploadComplete, JobComplete, Aborted or Failed to be deleted; it is ${state}.`,
    );
  }
  if (job.phase === 'closed') job.phase = 'aborted';
  context.emulation.jobs.deleteIngest(job);
  return emptyAnswer(204);
}

function listIngestJobs(request: ApiRequest, _params: PathParams, context: BulkContext): Answer {
  const fields = context.emulation.jobs
    .ingests()
    .map((job) => ({ ...baseFields(job, context), jobType: 'V2Ingest' }));
  return listJobs(request, fields, `${context.base}/jobs/ingest`);
}

function jobInfo(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const { result } = job;
  const failed = result?.failed.length ?? 0;
  return jobAnswer({
    ...baseFields(job, context),
    jobType: 'V2Ingest',
    numberRecordsProcessed: (result?.successful.length ?? 0) + failed,
    numberRecordsFailed: failed,
    retries: 0,
    totalProcessingTime: job.phase === 'done' ? Math.max(1, job.changedMs - job.createdMs) : 0,
    apiActiveProcessingTime: 0,
    apexProcessingTime: 0,
    ...(job.errorMessage === undefined ? {} : { errorMessage: job.errorMessage }),
  });
}

function baseFields(job: IngestJob, { emulation, base }: BulkContext): Record<string, unknown> {
  const state = ingestJobState(job, emulation.org.clock.now());
  return {
    id: job.id,
    operation: job.operation,
    object: job.object,
    createdById: job.createdById,
    createdDate: restInstant(Math.floor(job.createdMs / 1_000) * 1_000),
    systemModstamp: restInstant(Math.floor(job.changedMs / 1_000) * 1_000),
    state,
    ...(job.externalIdFieldName === undefined ? {} : { externalIdFieldName: job.externalIdFieldName }),
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(job.apiVersion),
    ...(state === 'Open' ? { contentUrl: `${base.slice(1)}/jobs/ingest/${job.id}/batches` } : {}),
    lineEnding: job.format.lineEnding,
    columnDelimiter: job.format.columnDelimiter,
  };
}

function successfulResults(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const rows = job.result?.successful.map((r) => [r.id, String(r.created), ...r.row]) ?? [];
  return csvAnswer(job, ['sf__Id', 'sf__Created'], rows);
}

function failedResults(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  const rows = job.result?.failed.map((r) => [r.id, r.error, ...r.row]) ?? [];
  return csvAnswer(job, ['sf__Id', 'sf__Error'], rows);
}

function unprocessedRecords(_request: ApiRequest, { id = '' }: PathParams, context: BulkContext): Answer {
  const job = context.emulation.jobs.ingest(id);
  return csvAnswer(job, [], job.result?.unprocessed ?? []);
}

function csvAnswer(job: IngestJob, extra: string[], rows: string[][]): Answer {
  const names = [...extra, ...(job.result?.header ?? [])];
  const header = names.length === 0 ? '' : csvLine(names, job.format);
  return {
    status: 200,
    headers: { 'Content-Type': 'text/csv; charset=UTF-8' },
    body:
      header +
      mixedRows(job, rows)
        .map((row) => csvLine(row, job.format))
        .join(''),
  };
}
