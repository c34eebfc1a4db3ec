import { setImmediate as breathe } from 'node:timers/promises';
import type { RecordInput, SaveResult } from '../engine/save-result.ts';
import type { Org } from '../org/org.ts';
import type { PlannedEnd } from './bulk-jobs.ts';
import { checkColumns } from './ingest-columns.ts';
import type { CsvTable } from './ingest-csv.ts';
import { IngestFailure, parseUpload } from './ingest-csv.ts';
import { type IngestEnd, unprocessedResult } from './ingest-end.ts';
import type { IngestJob, IngestResult } from './ingest-job.ts';

/** Records are saved in chunks of 200 (Bulk API 2.0, "How Requests Are Processed"). */
const chunkRows = 200;

/** What whoever works a job off may meet. */
export interface IngestWork {
  org: Org;
  /** How many of so many rows the day's limit leaves; they count from now on. */
  takeRows(rows: number): number;
  /** The end that was planned for this job, after so many rows. */
  planned: PlannedEnd | undefined;
  /** Ends the job. */
  end(end: IngestEnd): void;
}

/**
 * Works a closed job off, chunk by chunk, letting other requests in between. An end from elsewhere leaves the rest
 * unprocessed. Rejects with IngestFailure where the upload as a whole cannot be read, or a limit is met.
 */
export async function runIngest(job: IngestJob, { org, takeRows, planned, end }: IngestWork): Promise<void> {
  if (job.phase !== 'running') return;
  const table = readTable(job, org);
  const result: IngestResult = { header: table.header, successful: [], failed: [], unprocessed: [] };
  job.result = result;
  for (let at = 0; at < table.rows.length; ) {
    if (planned !== undefined && at >= planned.afterRows) end(planned);
    if (job.phase !== 'running') return;
    const until = Math.min(chunkRows, (planned?.afterRows ?? Number.POSITIVE_INFINITY) - at);
    const rows = table.rows.slice(at, at + until);
    const taken = takeRows(rows.length);
    runChunk(job, org, table, rows.slice(0, taken), result);
    if (taken < rows.length) {
      result.unprocessed = table.rows.slice(at + taken);
      // "If the limit is exceeded while processing your job data, the remaining data isn't processed" (How Requests Are Processed).
      throw new IngestFailure(
        'ExceededQuota : The records of the last 24 hours exceed what the org may process.',
      );
    }
    at += taken;
    await breathe();
  }
}

/** Works off so many of the rows that a job which has ended left unprocessed: its state stays as it is. */
export function runUnderWay(
  job: IngestJob,
  rows: number,
  { org, takeRows }: Pick<IngestWork, 'org' | 'takeRows'>,
): void {
  const { result } = job;
  if (result === undefined) return;
  try {
    checkColumns(job, result.header, org);
  } catch {
    return;
  }
  const left = Math.min(takeRows(rows), result.unprocessed.length);
  const table = { header: result.header, rows: result.unprocessed };
  for (let at = 0; at < left; at += chunkRows) {
    runChunk(job, org, table, table.rows.slice(at, Math.min(left, at + chunkRows)), result);
  }
  result.unprocessed = table.rows.slice(left);
}

/** The uploaded table; of a job that fails of it all rows are unprocessed, as of an aborted one. */
function readTable(job: IngestJob, org: Org): CsvTable {
  try {
    const table = parseUpload(job.data ?? Buffer.alloc(0), job.format);
    checkColumns(job, table.header, org);
    return table;
  } catch (error) {
    if (error instanceof IngestFailure) job.result = unprocessedResult(job);
    throw error;
  }
}

function runChunk(job: IngestJob, org: Org, table: CsvTable, rows: string[][], result: IngestResult): void {
  const outcomes = save(job, org, table, rows);
  for (const [i, row] of rows.entries()) {
    const outcome = outcomes[i];
    if (outcome?.success && outcome.id !== null) {
      const created = outcome.created ?? job.operation === 'insert';
      result.successful.push({ id: outcome.id, created, row });
    } else {
      const id = job.operation === 'insert' ? '' : (row[idColumn(table.header)] ?? '');
      result.failed.push({ id, error: errorText(outcome), row });
    }
  }
}

function save(job: IngestJob, org: Org, table: CsvTable, rows: string[][]): SaveResult[] {
  const actor = { userId: job.createdById };
  const { object } = job;
  try {
    switch (job.operation) {
      case 'insert':
        return org.create(actor, records(object, table, rows), { source: 'csv' });
      case 'update':
        return org.update(actor, records(object, table, rows), { source: 'csv' });
      case 'upsert':
        return org.upsert(actor, job.externalIdFieldName ?? 'Id', records(object, table, rows), {
          source: 'csv',
        });
      case 'delete':
      case 'hardDelete': {
        const ids = rows.map((row) => row[idColumn(table.header)] ?? '');
        return org.delete(actor, ids, { object, hard: job.operation === 'hardDelete' });
      }
    }
  } catch (error) {
    // A fault of the whole chunk (a parent's column that is no external id, say) is every row's error.
    const { errorCode = 'UNKNOWN_EXCEPTION', message = String(error) } = error as {
      errorCode?: string;
      message?: string;
    };
    const failure = { success: false, id: null, errors: [{ statusCode: errorCode, message, fields: [] }] };
    return rows.map(() => failure);
  }
}

function idColumn(header: string[]): number {
  return header.findIndex((name) => name.toLowerCase() === 'id');
}

/** Columns named `Account.ExtId__c` refer to a parent by its external id. */
function records(object: string, { header }: CsvTable, rows: string[][]): RecordInput[] {
  return rows.map((row) => {
    const fields: Record<string, unknown> = {};
    for (const [i, name] of header.entries()) {
      const value = row[i] ?? '';
      const [relationship = '', parentField] = name.split('.');
      const isId = /^id$/i.test(name);
      // An empty Id is none: jsforce sends an empty Id column with every upsert.
      if (isId && value === '') continue;
      if (parentField === undefined) fields[isId ? 'Id' : name] = value;
      else if (value !== '') fields[relationship] = { [parentField]: value };
    }
    return { object, fields };
  });
}

/** `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --` */
function errorText(outcome: SaveResult | undefined): string {
  const error = outcome?.errors[0];
  if (!error) return 'UNKNOWN_EXCEPTION:The record was not processed:--';
  const fields = error.fields.length > 0 ? `${error.fields.join(',')} ` : '';
  return `${error.statusCode}:${error.message}:${fields}--`;
}
