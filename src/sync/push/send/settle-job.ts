import { AppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { IngestFile, IngestJob, IngestRow } from '../../ports/ingest-jobs.ts';
import type { Settlement } from '../../ports/outbox-entry.ts';
import type { RecordError } from '../../ports/record-writes.ts';
import { RowHashes } from '../entry/bulk-row.ts';
import { noAnswer } from '../entry/entry-errors.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { tellSettled } from '../progress/tell-settled.ts';
import { freshDoubt } from '../settle/fresh-doubt.ts';
import type { SendOptions } from './send-options.ts';
import { type SentEntry, SentRows } from './sent-rows.ts';

/** So often files that do not hold what their job says are read before what they name is all that is known. */
const mostReadings = 3;
const pauseMs = 2_000;

export interface EndedJob {
  jobId: string;
  /** As it was told last; null where the org does not know it. */
  job: IngestJob | null;
  /** It was surely never closed, so that nothing of it was processed. */
  isUntouched: boolean;
  /**
   * Until when rows that no file names as done may be worked off yet, by the org's clock, ms since 1970; null where none is any
   * more.
   */
  openUntil: number | null;
}

/**
 * Gives each entry of a job that has ended what the job's own files say of its row, all at once, so that no row counts twice.
 * Rows that no file names are in doubt, and so are those of a job that the org does not know any more (null). Those that it has
 * not processed wait again where none can be worked off any more (`openUntil`), and all of them where nothing of it can have
 * been. Returns how many entries have got an end.
 */
export async function settleJob(
  context: SyncContext,
  { jobId, job, isUntouched, openUntil }: EndedJob,
  progress: DrainProgress,
  { signal, onSettled }: SendOptions,
): Promise<number> {
  const { mirror, clock, log } = context;
  const sent = await SentRows.of(context, jobId);
  const at = clock.now();
  const why = endOf({ jobId, job, isUntouched });
  const isAtRest = openUntil === null;
  const told =
    job === null || isUntouched ? [] : await readFiles(context, { job, sent, why, at, isAtRest }, signal);
  const doubt = isAtRest ? {} : { doubt: freshDoubt({ endedOrgAt: openUntil }) };
  const untold = (key: string): Settlement =>
    isUntouched
      ? { key, state: 'pending', errors: [why], at, unsent: true }
      : { key, state: 'in-doubt', errors: [noAnswer], at, ...doubt };
  const settlements: Settlement[] = [];
  const ops: SentEntry['op'][] = [];
  sent.entries.forEach(({ key, op, state }, place) => {
    if (state !== 'sent') return;
    settlements.push(told[place] ?? untold(key));
    ops.push(op);
  });
  if (job?.state !== 'JobComplete') log.warn(`${context.remote.instanceUrl}: ${why.message}`);
  await mirror.outbox.settle(settlements);
  let ended = 0;
  settlements.forEach((settlement, i) => {
    if (settlement.state === 'pending') return;
    ended++;
    progress.count({ op: ops[i]! }, settlement);
  });
  progress.countJob();
  await tellSettled(settlements, onSettled);
  return ended;
}

/** How a job that was not worked off ended, for people. */
function endOf({ jobId, job, isUntouched }: Omit<EndedJob, 'openUntil'>): RecordError {
  const reason = job?.errorMessage == null ? '' : `: ${job.errorMessage.replace(/\.$/, '')}`;
  const ended =
    job === null
      ? 'is not known to Salesforce any more'
      : job.state === 'Open'
        ? 'could not be closed'
        : `ended as ${job.state}${reason}`;
  const before = isUntouched ? ' before anything of it was processed' : '';
  return { code: 'BULK_JOB_FAILED', message: `The ingest job ${jobId} ${ended}${before}.`, fields: [] };
}

function settlementOf(
  entry: SentEntry,
  file: IngestFile,
  row: IngestRow,
  { why, at, isAtRest }: { why: RecordError; at: number; isAtRest: boolean },
): Settlement | undefined {
  const { key, op, contactId } = entry;
  if (file === 'unprocessed')
    return isAtRest ? { key, state: 'pending', errors: [why], at, unsent: true } : undefined;
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

/** What the files say, by the entry's place among those that were sent; nothing of those that are still open. */
async function readFiles(
  { records, clock }: Pick<SyncContext, 'records' | 'clock'>,
  {
    job: ended,
    sent,
    ...told
  }: { job: IngestJob; sent: SentRows; why: RecordError; at: number; isAtRest: boolean },
  signal: AbortSignal,
): Promise<(Settlement | undefined)[]> {
  const { columns } = sent;
  const hashes = new RowHashes();
  let job = ended;
  for (let reading = 1; ; reading++) {
    const settlements: (Settlement | undefined)[] = [];
    const rows = { successful: 0, failed: 0, unprocessed: 0 };
    sent.restart();
    for (const file of ['successful', 'failed', 'unprocessed'] as const) {
      for await (const some of records.ingest.results(job.id, file, columns, { signal })) {
        rows[file] += some.length;
        for (const row of some) {
          const place = sent.take(hashes.of(columns, row.cells));
          if (place !== null) settlements[place] = settlementOf(sent.entries[place]!, file, row, told);
        }
      }
    }
    const processed = rows.successful + rows.failed;
    const isWhole =
      rows.failed === job.failed &&
      processed === job.processed &&
      processed + rows.unprocessed >= sent.entries.length;
    if (isWhole || reading >= mostReadings) return settlements;
    await clock.sleep(pauseMs, { signal });
    // What was cut off in the middle may have been told before all of its numbers were there.
    if (job.state !== 'JobComplete') job = (await records.ingest.info(job.id, { signal })) ?? job;
  }
}
