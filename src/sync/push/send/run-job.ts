import { isAbort, throwIfAborted } from '../../../base/abort.ts';
import { AppError, isAppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { bulkCells, csvRow } from '../entry/bulk-row.ts';
import type { LostOfDrain } from '../plan/lost-of-drain.ts';
import { type PlannedJob, planJob } from '../plan/plan-job.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { orgNow } from '../settle/org-now.ts';
import { isDayQuota, withTimeOfQuota } from './day-quota.ts';
import { dropJob } from './drop-job.ts';
import { followJob } from './follow-job.ts';
import type { SendOptions } from './send-options.ts';

const rowsPerBlock = 1_000;
const entriesPerPage = 2_000;

/**
 * Goes on with the jobs that an earlier sending left behind, whatever cut it off. Throws where a job cannot be asked about now,
 * or is not done yet.
 */
export async function recoverJobs(
  context: SyncContext,
  progress: DrainProgress,
  options: SendOptions,
): Promise<void> {
  for (const id of await jobsUnderWay(context))
    await followJob(context, { id, by: 'later' }, progress, options);
}

/**
 * Asks what became of the jobs that an earlier sending left behind, and starts none: one that was never closed is taken back. What
 * is not told yet stays as it is, and why is in `progress.stuck`.
 */
export async function askJobs(
  context: SyncContext,
  progress: DrainProgress,
  options: Pick<SendOptions, 'signal' | 'confirm'>,
): Promise<void> {
  const asking = { ...options, grace: options.signal, jobPatienceMs: 0 };
  for (const id of await jobsUnderWay(context)) {
    try {
      await followJob(context, { id, by: 'asking' }, progress, asking);
    } catch (error) {
      if (isAbort(error)) throw error;
      progress.stuck ??= error as Error;
    }
  }
}

async function jobsUnderWay({ mirror }: Pick<SyncContext, 'mirror'>): Promise<Set<string>> {
  const jobs = new Set<string>();
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states: ['sent'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) return jobs;
    after = last.seq;
    for (const { way, job } of page) if (way === 'bulk' && job !== null) jobs.add(job);
  }
}

/**
 * Sends by ingest jobs, one after the other, as long as there is enough for one and `progress.noJobs` does not say that none is
 * made. The rest is left to other ways.
 */
export async function sendByJobs(
  context: SyncContext,
  progress: DrainProgress,
  options: SendOptions & { lost: LostOfDrain },
): Promise<void> {
  while (progress.noJobs === null) {
    const { pending } = await context.mirror.outbox.counts();
    if (pending < context.sizes.ingestFromRows && !(await context.mirror.outbox.asksForJob())) return;
    const planned = await planJob(context, context.mirror.outbox, await options.lost.behind(context));
    if (planned === null) return;
    throwIfAborted(options.signal);
    const jobId = await openedJob(context, planned, progress, options);
    // What Salesforce would not take so goes by collections, which tell more of why.
    if (jobId === null || (await followJob(context, { id: jobId, by: 'maker' }, progress, options)) === 0)
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
