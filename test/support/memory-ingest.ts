import { parse } from 'csv-parse/sync';
import { AppError } from '../../src/base/errors.ts';
import { fullId } from '../../src/org/record-id.ts';
import type { IngestJob, IngestJobs, IngestOperation, IngestRow } from '../../src/sync/ports/ingest-jobs.ts';
import type { WriteOutcome } from '../../src/sync/ports/record-writes.ts';

type Rec = Record<string, unknown>;

export interface IngestedOrg
  extends Record<Exclude<IngestOperation, 'upsert'>, (record: Rec) => WriteOutcome> {
  called(signal: AbortSignal | undefined): void;
  upsert(record: Rec, field: string): WriteOutcome;
}

interface MemoryJob extends IngestJob {
  operation: IngestOperation;
  upsertField: string;
  csv: string;
  rows: Record<'successful' | 'failed' | 'unprocessed', (IngestRow & { named: Record<string, string> })[]>;
}

/** Ingest jobs of an org in memory: worked off the moment they are closed, their results last row first. */
export function memoryIngest(org: IngestedOrg): IngestJobs {
  const jobs = new Map<string, MemoryJob>();
  const jobOf = (id: string, ...states: IngestJob['state'][]): MemoryJob => {
    const job = jobs.get(id);
    if (job !== undefined && (states.length === 0 || states.includes(job.state))) return job;
    const errorCode = job === undefined ? 'NOT_FOUND' : 'INVALIDJOBSTATE';
    const details = { status: job === undefined ? 404 : 400, errorCode, retryAfterMs: null, request: id };
    throw new AppError('SALESFORCE_ERROR', `The job ${id} is ${job?.state ?? 'not there'}.`, { details });
  };
  const told = ({ id, state, processed, failed, errorMessage, changedAt }: MemoryJob): IngestJob => ({
    id,
    state,
    processed,
    failed,
    errorMessage,
    changedAt,
  });
  return {
    create: async ({ operation, upsertField = '' }, { confirm, signal } = {}) => {
      await confirm?.();
      org.called(signal);
      const id = fullId(`750${String(jobs.size + 1).padStart(12, '0')}`);
      const rows = { successful: [], failed: [], unprocessed: [] };
      const fresh = { processed: 0, failed: 0, errorMessage: null, changedAt: null, csv: '', rows };
      jobs.set(id, { id, state: 'Open', operation, upsertField, ...fresh });
      return told(jobOf(id));
    },
    upload: async (id, csv, { confirm, signal } = {}) => {
      await confirm?.();
      org.called(signal);
      const job = jobOf(id, 'Open');
      for await (const block of csv()) job.csv += Buffer.from(block).toString();
    },
    close: async (id, { confirm, signal } = {}) => {
      await confirm?.();
      org.called(signal);
      const job = jobOf(id, 'Open');
      work(job, org);
      return { ...told(job), state: 'UploadComplete', processed: 0, failed: 0 };
    },
    info: async (id, { signal } = {}) => {
      org.called(signal);
      return jobs.has(id) ? told(jobOf(id)) : null;
    },
    async *results(id, file, columns, { signal } = {}) {
      org.called(signal);
      const rows = jobOf(id, 'JobComplete', 'Failed', 'Aborted').rows[file];
      for (const { named, ...row } of rows.toReversed()) {
        yield [{ ...row, cells: columns.map((name) => named[name] ?? '') }];
      }
    },
    abort: async (id, { signal } = {}) => {
      org.called(signal);
      jobOf(id, 'Open', 'UploadComplete', 'InProgress').state = 'Aborted';
    },
    delete: async (id, { signal } = {}) => {
      org.called(signal);
      jobs.delete(id);
    },
  };
}

function work(job: MemoryJob, org: IngestedOrg): void {
  job.state = 'JobComplete';
  for (const named of parse<Record<string, string>>(job.csv, { columns: true, record_delimiter: '\n' })) {
    const sent = Object.entries(named).filter(([, cell]) => cell !== '');
    const record = Object.fromEntries(sent.map(([name, cell]) => [name, cell === '#N/A' ? null : cell]));
    const outcome =
      job.operation === 'upsert' ? org.upsert(record, job.upsertField) : org[job.operation](record);
    const row = { id: null, created: false, error: null, passes: false, cells: [], named };
    job.processed++;
    if (outcome.kind === 'done')
      job.rows.successful.push({ ...row, id: outcome.id, created: outcome.created });
    else if (outcome.kind === 'refused') {
      job.failed++;
      job.rows.failed.push({ ...row, error: outcome.errors[0] ?? null });
    } else throw outcome.error;
  }
}
