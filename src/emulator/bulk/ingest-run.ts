import { setImmediate as breathe } from 'node:timers/promises';
import type { RecordInput, SaveResult } from '../engine/save-result.ts';
import type { Org } from '../org/org.ts';
import { checkColumns } from './ingest-columns.ts';
import type { CsvTable } from './ingest-csv.ts';
import { IngestFailure, parseUpload } from './ingest-csv.ts';
import type { IngestJob, IngestResult } from './ingest-job.ts';

/** Records are saved in chunks of 200 (Bulk API 2.0, "How Requests Are Processed"). */
const chunkRows = 200;

/**
 * Works a closed job off, chunk by chunk, letting other requests in between. An abort leaves the rest
 * unprocessed. Rejects with IngestFailure where the upload as a whole cannot be read.
 */
export async function runIngest(job: IngestJob, org: Org): Promise<IngestResult> {
  const table = readTable(job, org);
  const result: IngestResult = { header: table.header, successful: [], failed: [], unprocessed: [] };
  job.result = result;
  for (let at = 0; at < table.rows.length; at += chunkRows) {
    if (job.phase === 'aborted') {
      result.unprocessed = table.rows.slice(at);
      return result;
    }
    runChunk(job, org, table, table.rows.slice(at, at + chunkRows), result);
    await breathe();
  }
  return result;
}

/** The uploaded table; of a job that fails of it all rows are unprocessed, as of an aborted one. */
function readTable(job: IngestJob, org: Org): CsvTable {
  const data = job.data ?? Buffer.alloc(0);
  // Rows that are only shown are shown as they are, in whatever lines they came.
  const anyLines = { ...job.format, lineEnding: undefined };
  if (job.phase === 'aborted') return parseUpload(data, anyLines);
  try {
    const table = parseUpload(data, job.format);
    checkColumns(job, table.header, org);
    return table;
  } catch (error) {
    if (error instanceof IngestFailure) job.result = unprocessed(data, anyLines);
    throw error;
  }
}

function unprocessed(data: Buffer, format: Parameters<typeof parseUpload>[1]): IngestResult | undefined {
  try {
    const { header, rows } = parseUpload(data, format);
    return { header, successful: [], failed: [], unprocessed: rows };
  } catch {
    // What is no CSV at all has no rows to show.
    return undefined;
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
