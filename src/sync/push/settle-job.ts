import { AppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { IngestFile, IngestJob, IngestRow } from '../ports/ingest-jobs.ts';
import type { OutboxEntry, Settlement } from '../ports/outbox-entry.ts';
import { bulkCells, bulkRowHash } from './bulk-row.ts';
import type { DrainProgress } from './drain-progress.ts';
import { noAnswer } from './entry-errors.ts';
import type { SendOptions } from './send-options.ts';
import { tellSettled } from './tell-settled.ts';

const entriesPerPage = 2_000;
/** So often files that do not hold what their job says are read before what they name is all that is known. */
const mostReadings = 3;
const pauseMs = 2_000;

type Waiting = Pick<OutboxEntry, 'key' | 'op' | 'contactId' | 'state'>;

/** What a person has given up while it was sent has its row all the same. */
interface SentRows {
  columns: string[];
  /** Rows that say the same are interchangeable. */
  byHash: Map<string, Waiting[]>;
}

/**
 * Gives each entry of a job that has ended what the job's own files say of its row, all at once, so that no row counts twice.
 * Rows that no file names stay in doubt, and so do those of a job that the org does not know any more (null). Returns how
 * many entries have got an end.
 */
export async function settleJob(
  context: SyncContext,
  { jobId, job }: { jobId: string; job: IngestJob | null },
  progress: DrainProgress,
  { signal, onSettled }: SendOptions,
): Promise<number> {
  const { mirror, clock, log } = context;
  const sent = await rowsOf(context, jobId);
  const told = job === null ? [] : await readFiles(context, job, sent.columns, signal);
  const at = clock.now();
  const settled: { entry: Waiting; settlement: Settlement }[] = [];
  for (const { file, hash, row } of told) {
    const entry = sent.byHash.get(hash)?.pop();
    if (entry?.state === 'sent') settled.push({ entry, settlement: settlementOf(entry, file, row, at) });
  }
  for (const entry of [...sent.byHash.values()].flat()) {
    if (entry.state !== 'sent') continue;
    settled.push({ entry, settlement: { key: entry.key, state: 'in-doubt', errors: [noAnswer], at } });
  }
  if (job !== null && job.state !== 'JobComplete') {
    log.warn(
      `${context.remote.instanceUrl}: the ingest job ${jobId} ended as ${job.state}${job.errorMessage === null ? '' : `: ${job.errorMessage}`}`,
    );
  }
  await mirror.outbox.settle(settled.map(({ settlement }) => settlement));
  for (const { entry, settlement } of settled) {
    if (settlement.state !== 'pending') progress.count(entry, settlement);
  }
  progress.countJob();
  await tellSettled(
    settled.map(({ settlement }) => settlement),
    onSettled,
  );
  return settled.filter(({ settlement }) => settlement.state !== 'pending').length;
}

function settlementOf(entry: Waiting, file: IngestFile, row: IngestRow, at: number): Settlement {
  const { key, op, contactId } = entry;
  if (file === 'unprocessed') return { key, state: 'pending', errors: [], at, unsent: true };
  if (file === 'successful') {
    const id = contactId ?? row.id;
    if (id === null) throw new AppError('UNEXPECTED_ERROR', 'A successful row names no record.');
    return { key, state: 'done', contactId: id, created: row.created, at };
  }
  const error = row.error ?? { code: 'UNKNOWN_EXCEPTION', message: 'Salesforce gave no reason.', fields: [] };
  // Deleted is what was wanted.
  if (op === 'delete' && contactId !== null && error.code === 'ENTITY_IS_DELETED')
    return { key, state: 'done', contactId, created: false, at };
  if (row.passes) return { key, state: 'pending', errors: [error], at, unsent: true };
  return { key, state: 'rejected', errors: [error], at };
}

interface Told {
  file: IngestFile;
  hash: string;
  row: IngestRow;
}

async function readFiles(
  { records, clock }: Pick<SyncContext, 'records' | 'clock'>,
  job: IngestJob,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Told[]> {
  for (let reading = 1; ; reading++) {
    const told: Told[] = [];
    const rows = { successful: 0, failed: 0, unprocessed: 0 };
    for (const file of ['successful', 'failed', 'unprocessed'] as const) {
      for await (const some of records.ingest.results(job.id, file, columns, { signal })) {
        rows[file] += some.length;
        for (const row of some)
          told.push({ file, hash: bulkRowHash(columns, row.cells), row: { ...row, cells: [] } });
      }
    }
    const isWhole = rows.failed === job.failed && rows.successful + rows.failed === job.processed;
    if (isWhole || reading >= mostReadings) return told;
    await clock.sleep(pauseMs, { signal });
  }
}

async function rowsOf({ mirror }: Pick<SyncContext, 'mirror'>, jobId: string): Promise<SentRows> {
  const columns = new Set<string>();
  const byHash = new Map<string, Waiting[]>();
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states: ['sent', 'dropped'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) return { columns: [...columns], byHash };
    after = last.seq;
    for (const entry of page) {
      if (entry.job !== jobId || entry.way !== 'bulk') continue;
      const cells = bulkCells(entry) ?? {};
      const names = Object.keys(cells);
      for (const name of names) columns.add(name);
      const hash = bulkRowHash(
        names,
        names.map((name) => cells[name] ?? ''),
      );
      const { key, op, contactId, state } = entry;
      const same = byHash.get(hash);
      if (same === undefined) byHash.set(hash, [{ key, op, contactId, state }]);
      else same.push({ key, op, contactId, state });
    }
  }
}
