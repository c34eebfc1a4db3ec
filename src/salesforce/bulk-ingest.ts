import { throwIfAborted } from '../base/abort.ts';
import { parseTime } from '../base/iso-time.ts';
import { fullId, isIdOf, sameId } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { CallOptions } from '../sync/ports/call-options.ts';
import type { IngestFile, IngestJob, IngestJobs, IngestRow, IngestState } from '../sync/ports/ingest-jobs.ts';
import type { WriteOptions } from '../sync/ports/record-writes.ts';
import { streamBytes } from './answer-bounds.ts';
import { isCount } from './answer-values.ts';
import type { ApiRequest, StreamAnswer, WholeAnswer } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import { csvRows } from './csv-rows.ts';
import { oneLine } from './error-body.ts';
import { ingestError } from './ingest-error.ts';
import { passesByItself } from './refusals.ts';
import { remoteDetails } from './remote-error.ts';
import { parseObject, unexpectedAnswer } from './unexpected-answer.ts';

export interface IngestContext {
  client: ApiClient;
  apiVersion: string;
}

const resources: Record<IngestFile, string> = {
  successful: 'successfulResults',
  failed: 'failedResults',
  unprocessed: 'unprocessedrecords',
};

/**
 * Bulk API 2.0 ingest jobs. Not through jsforce, which holds data and results whole in memory.
 * Source: Bulk API 2.0 Developer Guide, "Bulk API 2.0 Ingest".
 */
export function ingestJobs({ client, apiVersion }: IngestContext, object: SyncedObject): IngestJobs {
  const jobs = `/services/data/v${apiVersion}/jobs/ingest`;
  const pathOf = (jobId: string, rest = '') => `${jobs}/${encodeURIComponent(jobId)}${rest}`;
  const once = async (request: Omit<ApiRequest, 'kind'>) => {
    throwIfAborted(request.signal);
    const attempt = await client.once({ kind: 'push', ...request });
    if (!attempt.ok) throw attempt.error;
    return attempt.answer;
  };
  const jobOf = (answer: WholeAnswer, jobId: string | null): IngestJob => {
    const job = toJob(parseObject(answer.text, 'an ingest job', answer));
    // What became of another job's rows would be told of this one's.
    if (job === null || (jobId !== null && !sameId(job.id, jobId)))
      throw unexpectedAnswer('an ingest job', answer);
    return job;
  };
  const change = (state: IngestState) => JSON.stringify({ state });

  return {
    async create({ operation, upsertField }, { confirm, signal }: WriteOptions = {}) {
      const body = JSON.stringify({
        object: object.name,
        operation,
        ...(upsertField === undefined ? {} : { externalIdFieldName: upsertField }),
        contentType: 'CSV',
        columnDelimiter: 'COMMA',
        lineEnding: 'LF',
      });
      return jobOf(
        await client.read({ kind: 'push', method: 'POST', path: jobs, body, confirm, signal }),
        null,
      );
    },
    async upload(jobId, csv, { confirm, signal }: WriteOptions = {}) {
      const headers = { 'content-type': 'text/csv; charset=UTF-8' };
      const path = pathOf(jobId, '/batches');
      const answer = await once({ method: 'PUT', path, headers, body: csv, confirm, signal });
      if (answer.status !== 201) throw unexpectedAnswer('the data of an ingest job', answer);
    },
    async close(jobId, { confirm, signal }: WriteOptions = {}) {
      const body = change('UploadComplete');
      return jobOf(await once({ method: 'PATCH', path: pathOf(jobId), body, confirm, signal }), jobId);
    },
    async info(jobId, { signal }: CallOptions = {}) {
      try {
        return jobOf(await client.read({ kind: 'push', method: 'GET', path: pathOf(jobId), signal }), jobId);
      } catch (error) {
        if (isUnknownJob(error)) return null;
        throw error;
      }
    },
    async *results(jobId, file, columns, { signal }: CallOptions = {}) {
      const path = pathOf(jobId, `/${resources[file]}/`);
      const headers = { accept: 'text/csv' };
      const answer = await client.open({ kind: 'push', method: 'GET', path, headers, signal });
      yield* resultRows(answer, file, columns, object);
    },
    async abort(jobId, { signal }: CallOptions = {}) {
      await client.read({
        kind: 'push',
        method: 'PATCH',
        path: pathOf(jobId),
        body: change('Aborted'),
        signal,
      });
    },
    async delete(jobId, { signal }: CallOptions = {}) {
      try {
        await client.read({ kind: 'push', method: 'DELETE', path: pathOf(jobId), signal });
      } catch (error) {
        // Gone already: by an earlier attempt whose answer was lost, or after its seven days.
        if (!isUnknownJob(error)) throw error;
      }
    },
  };
}

/**
 * Salesforce's own word, not that of something in between which knows no such page. `InvalidJob`: "The job ID specified in a
 * query or update for a job … is invalid" (Bulk API 2.0 Developer Guide, "Errors").
 */
function isUnknownJob(error: unknown): boolean {
  const { status, errorCode } = remoteDetails(error) ?? {};
  if (errorCode === 'INVALIDJOB') return status === 400 || status === 404;
  return status === 404 && errorCode === 'NOT_FOUND';
}

const states: ReadonlySet<unknown> = new Set<IngestState>([
  'Open',
  'UploadComplete',
  'InProgress',
  'JobComplete',
  'Failed',
  'Aborted',
]);

function toJob(body: Record<string, unknown>): IngestJob | null {
  const { id, state, errorMessage, systemModstamp } = body;
  const { numberRecordsProcessed: processed = 0, numberRecordsFailed: failed = 0 } = body;
  if (!isIdOf('750', id) || !states.has(state) || !isCount(processed) || !isCount(failed)) return null;
  if (failed > processed) return null;
  return {
    id: fullId(id),
    state: state as IngestState,
    processed,
    failed,
    changedAt: typeof systemModstamp === 'string' ? parseTime(systemModstamp) : null,
    errorMessage: typeof errorMessage === 'string' && errorMessage !== '' ? oneLine(errorMessage) : null,
  };
}

async function* resultRows(
  answer: StreamAnswer,
  file: IngestFile,
  columns: readonly string[],
  object: SyncedObject,
): AsyncGenerator<IngestRow[], undefined, undefined> {
  const broken = () => unexpectedAnswer(`the ${file} rows of an ingest job`, answer);
  let read: ((cells: string[]) => IngestRow) | null = null;
  for await (const rows of csvRows(answer.blocks(streamBytes.bulk), broken)) {
    read ??= rowReader(rows.shift() ?? [], file, columns, { object, broken });
    if (rows.length > 0) yield rows.map(read);
  }
}

/** Columns may come in another order and with names in another case than they were sent. */
function rowReader(
  header: readonly string[],
  file: IngestFile,
  columns: readonly string[],
  { object, broken }: { object: SyncedObject; broken: () => Error },
): (cells: string[]) => IngestRow {
  const places = new Map(header.map((name, at) => [name.trim().toLowerCase(), at]));
  const placeOf = (name: string): number => {
    const at = places.get(name.toLowerCase());
    if (at === undefined) throw broken();
    return at;
  };
  const sent = columns.map(placeOf);
  const id = file === 'unprocessed' ? null : placeOf('sf__Id');
  const created = file === 'successful' ? placeOf('sf__Created') : null;
  const error = file === 'failed' ? placeOf('sf__Error') : null;
  return (cells) => {
    if (cells.length !== header.length) throw broken();
    const cell = (at: number | null) => (at === null ? '' : (cells[at] ?? ''));
    const recordId = cell(id);
    const said = error === null ? null : ingestError(object, cell(error));
    if (file === 'successful' && !isIdOf(object.keyPrefix, recordId)) throw broken();
    return {
      id: isIdOf(object.keyPrefix, recordId) ? fullId(recordId) : null,
      created: cell(created).toLowerCase() === 'true',
      error: said,
      passes: said !== null && passesByItself(said.code),
      cells: sent.map(cell),
    };
  };
}
