import { isAbort, throwIfAborted } from '../../../base/abort.ts';
import { backoffMs } from '../../../base/backoff.ts';
import { callDetailsOf } from '../../../base/call-details.ts';
import { AppError, isAppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { IngestJob } from '../../ports/ingest-jobs.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { bulkCells, csvRow } from '../entry/bulk-row.ts';
import { type PlannedJob, planJob } from '../plan/plan-job.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { isDayQuota, withTimeOfQuota } from './day-quota.ts';
import { orgNow } from './org-now.ts';
import type { SendOptions } from './send-options.ts';
import { type EndedJob, settleJob } from './settle-job.ts';

/** A job is polled soon at first, then ever more rarely. */
const firstPollMs = 500;
const slowestPollMs = 30_000;
const rowsPerBlock = 1_000;
const entriesPerPage = 2_000;
/** How often in a row a job that is open may be closed in vain. */
const mostClosings = 3;

/**
 * Goes on with the jobs that an earlier sending left behind, whatever cut it off. Throws where a job cannot be asked about now,
 * or is not done yet: nothing else may overtake it.
 */
export async function recoverJobs(
  context: SyncContext,
  progress: DrainProgress,
  options: SendOptions,
): Promise<void> {
  const jobs = new Set<string>();
  for (let after = -1; ; ) {
    const page = await context.mirror.outbox.list({ states: ['sent'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
    for (const { way, job } of page) if (way === 'bulk' && job !== null) jobs.add(job);
  }
  for (const job of jobs) await followJob(context, { id: job, isNew: false }, progress, options);
}

/**
 * Sends by ingest jobs, one after the other, as long as there is enough for one and `progress.noJobs` does not say that none is
 * made. The rest is left to other ways.
 */
export async function sendByJobs(
  context: SyncContext,
  progress: DrainProgress,
  options: SendOptions,
): Promise<void> {
  while (progress.noJobs === null) {
    const { pending } = await context.mirror.outbox.counts();
    if (pending < context.sizes.ingestFromRows && !(await context.mirror.outbox.asksForJob())) return;
    const planned = await planJob(context);
    if (planned === null) return;
    throwIfAborted(options.signal);
    const jobId = await openedJob(context, planned, progress, options);
    // What Salesforce would not take so goes by collections, which tell more of why.
    if (jobId === null || (await followJob(context, { id: jobId, isNew: true }, progress, options)) === 0)
      return;
  }
}

/**
 * Null also where the org takes no such job, of this user, for now or at all: what other ways carry must not wait for that, and
 * nothing of it was done.
 */
async function openedJob(
  context: SyncContext,
  planned: PlannedJob,
  progress: DrainProgress,
  options: SendOptions,
): Promise<string | null> {
  try {
    return await openJob(context, planned, options);
  } catch (error) {
    if (isDayQuota(error)) {
      progress.noJobs = withTimeOfQuota(error, context.clock);
      return null;
    }
    if (!isAppError(error, 'SALESFORCE_ERROR')) throw error;
    context.log.warn(
      `${context.remote.instanceUrl}: no bulk ingest job can be made, and ${context.object.nouns.many} go by other ways: ${error.message}`,
    );
    return null;
  }
}

/** Makes a job with its data; nothing of it is done yet. Null where some of its entries may not go out any more. */
async function openJob(
  context: SyncContext,
  planned: PlannedJob,
  { confirm, signal }: SendOptions,
): Promise<string | null> {
  const { ingest } = context.records;
  const { operation, upsertField, keys } = planned;
  const { id } = await ingest.create(
    { operation, ...(upsertField === null ? {} : { upsertField }) },
    { confirm, signal },
  );
  try {
    await ingest.upload(id, () => csvOf(context, planned), { confirm, signal });
    const { clock, remote, mirror } = context;
    await mirror.outbox.markSent(keys, 'bulk', clock.now(), orgNow(context), remote.userId, id);
    return id;
  } catch (error) {
    const { outbox } = context.mirror;
    // Stored after all: the job is followed by whoever drains next.
    if ((await outbox.list({ keys, states: ['sent'] })).some(({ job }) => job === id)) throw error;
    const waiting = await outbox.list({ keys, states: ['pending'] });
    await dropJob(context, id, signal);
    // What a person has dropped meanwhile is in the job's data.
    if (waiting.length < keys.length && !isAbort(error)) return null;
    throw error;
  }
}

/** Without its closing a job does nothing, and Salesforce drops it after seven days: nothing depends on this. */
async function dropJob(
  { records, log }: Pick<SyncContext, 'records' | 'log'>,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await records.ingest.abort(jobId, { signal });
    await records.ingest.delete(jobId, { signal });
  } catch (error) {
    log.debug('an ingest job that was never closed could not be removed', { jobId, why: String(error) });
  }
}

async function* csvOf(
  { mirror }: Pick<SyncContext, 'mirror'>,
  { columns, keys }: PlannedJob,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(csvRow(columns));
  for (let at = 0; at < keys.length; at += rowsPerBlock) {
    const part = keys.slice(at, at + rowsPerBlock);
    const entries = new Map<string, OutboxEntry>();
    for (const entry of await mirror.outbox.list({ keys: part })) entries.set(entry.key, entry);
    const rows = part.map((key) => {
      const entry = entries.get(key);
      const cells = entry === undefined ? null : bulkCells(entry);
      if (cells === null) throw new AppError('UNEXPECTED_ERROR', `The outbox entry ${key} has changed.`);
      return csvRow(columns.map((name) => cells[name] ?? ''));
    });
    yield Buffer.from(rows.join(''));
  }
}

/**
 * Waits for the end of a job whose data are in the org and whose entries are `sent`, and settles them; returns how many have got
 * an end. A job that is still open was not closed, or its closing is still on its way: closing it again is the same. One
 * whose closing the org refuses for good is taken back. `isNew`: nobody has tried to close it before.
 */
async function followJob(
  context: SyncContext,
  { id: jobId, isNew }: { id: string; isNew: boolean },
  progress: DrainProgress,
  options: SendOptions,
): Promise<number> {
  const { clock, records } = context;
  const { signal, jobPatienceMs = Number.POSITIVE_INFINITY } = options;
  const startedAt = clock.monotonicMs();
  const closing = new Closing(isNew);
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal);
    const job: IngestJob | null = await records.ingest.info(jobId, { signal });
    if (job?.state === 'Open') {
      if (await closing.isDone(context, jobId, options)) continue;
      if (closing.isRefused) return takeBack(context, { job, closing }, progress, options);
    } else if (job?.state !== 'UploadComplete' && job?.state !== 'InProgress') {
      // It can have ended so without having begun.
      const hasDoneNothing = job === null || (job.state !== 'JobComplete' && job.processed === 0);
      const isUntouched = !closing.mayBeDone && hasDoneNothing;
      return settleJob(context, { jobId, job, isUntouched }, progress, options);
    } else {
      // Somebody has closed it, whatever the closing was told: what is in between may have sent that twice.
      closing.mayBeDone = true;
    }
    const pauseMs = backoffMs(attempt, { baseMs: firstPollMs, maxMs: slowestPollMs });
    if (clock.monotonicMs() - startedAt + pauseMs > jobPatienceMs) throw jobUnderWay(jobId);
    await clock.sleep(pauseMs, { signal });
  }
}

/** What has become of the tries to close a job. */
class Closing {
  #tries = 0;
  /** Whether some try, of whatever process, may have been carried out, or may be yet. */
  mayBeDone: boolean;
  /** Why the last try did nothing, by the org's own word. */
  refusal: AppError | null = null;

  constructor(isNew: boolean) {
    this.mayBeDone = !isNew;
  }

  get isRefused(): boolean {
    return this.refusal !== null && (isDayQuota(this.refusal) || this.#tries >= mostClosings);
  }

  /** Throws where it was tried often enough and not refused. */
  async isDone(context: SyncContext, jobId: string, { grace, confirm }: SendOptions): Promise<boolean> {
    try {
      await context.records.ingest.close(jobId, { confirm, signal: grace });
      this.mayBeDone = true;
      return true;
    } catch (error) {
      if (isAbort(error)) throw error;
      this.refusal = isRefusal(error) ? error : null;
      if (this.refusal === null) this.mayBeDone = true;
      if (++this.#tries >= mostClosings && this.refusal === null) throw error;
      return false;
    }
  }
}

/** Salesforce's own word that it did not do what was asked; not that of something in between. */
function isRefusal(error: unknown): error is AppError {
  if (isDayQuota(error)) return true;
  const { status, errorCode } = callDetailsOf(error);
  const isOwn = typeof errorCode === 'string' && errorCode !== 'UNKNOWN_EXCEPTION';
  return isAppError(error, 'SALESFORCE_ERROR') && isOwn && (status ?? 0) >= 400 && (status ?? 0) < 500;
}

/**
 * Gives up a job that is open and cannot be closed, so that its entries wait again: at once where no closing can be on its
 * way, else by what its files say once it is aborted.
 */
async function takeBack(
  context: SyncContext,
  { job, closing }: { job: IngestJob; closing: Closing },
  progress: DrainProgress,
  options: SendOptions,
): Promise<number> {
  const { signal } = options;
  const { ingest } = context.records;
  const { refusal } = closing;
  const ended: EndedJob = { jobId: job.id, job, isUntouched: !closing.mayBeDone };
  if (closing.mayBeDone) {
    // Whoever may not abort it either is told so, and asks again.
    await ingest.abort(job.id, { signal }).catch((error: unknown) => {
      throw isAbort(error) ? error : refusal;
    });
    ended.job = await ingest.info(job.id, { signal });
    // A closing that came through just before has begun it.
    if (ended.job !== null && ended.job.state !== 'Aborted') throw refusal;
  }
  const settled = await settleJob(context, ended, progress, options);
  if (!closing.mayBeDone) await dropJob(context, job.id, signal);
  if (isDayQuota(refusal)) progress.noJobs ??= withTimeOfQuota(refusal, context.clock);
  return settled;
}

function jobUnderWay(jobId: string): AppError {
  return new AppError('BULK_JOB_SLOW', `The ingest job ${jobId} is still under way in Salesforce.`, {
    hint: 'Nothing is lost: the next push or cycle goes on waiting for it, and until then sends nothing else.',
    details: { jobId },
  });
}
