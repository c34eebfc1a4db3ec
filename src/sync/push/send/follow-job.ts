import { throwIfAborted } from '../../../base/abort.ts';
import { AppError } from '../../../base/errors.ts';
import { isoTime } from '../../../base/iso-time.ts';
import type { SyncContext } from '../../context.ts';
import { jobPollMs } from '../../job-poll.ts';
import type { IngestJob } from '../../ports/ingest-jobs.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { Closing } from './closing.ts';
import { isDayQuota, withTimeOfQuota } from './day-quota.ts';
import { dropJob } from './drop-job.ts';
import { latestRest, restOf, timeOf } from './job-rest.ts';
import type { SendOptions } from './send-options.ts';
import { settleJob } from './settle-job.ts';

/** What a program writes meanwhile and need not wait is sent as soon as this. */
const besideMs = 2_000;

/**
 * Waits for the end of a job whose data are in the org and whose entries are `sent`, and settles them; returns how many have got
 * an end. A job that is still open was not closed, or its closing is still on its way: closing it again is the same. One
 * whose closing the org refuses for good is taken back, as soon as no other can be on its way. `by`: the `maker` knows that
 * nobody has tried to close it before; whoever is `asking` does not close it, and takes it back.
 */
export async function followJob(
  context: SyncContext,
  { id: jobId, by }: { id: string; by: 'maker' | 'later' | 'asking' },
  progress: DrainProgress,
  options: SendOptions,
): Promise<number> {
  const { clock, records, remote, log } = context;
  const { signal, jobPatienceMs = Number.POSITIVE_INFINITY, beside, isServed } = options;
  const startedAt = clock.monotonicMs();
  const closing = new Closing(clock, by === 'maker');
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal);
    const onItsWayMs = closing.onItsWayMs;
    const job: IngestJob | null = await records.ingest.info(jobId, { signal });
    let pauseMs = jobPollMs(attempt, clock.monotonicMs() - startedAt);
    let untilMs: number | null = null;
    if (job?.state === 'Open') {
      const isGivenUp = by === 'asking' || closing.isRefused;
      if (!isGivenUp && (await closing.tryOnce(context, jobId, options))) continue;
      if (isGivenUp || closing.isRefused) {
        // A look from before that time would miss what came through behind it.
        if (onItsWayMs === 0) return takeBack(context, { job, closing }, progress, options);
        // Whatever the patience: nothing else tells, and another drain would have to begin anew.
        await clock.sleep(closing.onItsWayMs, { signal });
        continue;
      }
    } else if (job?.state !== 'UploadComplete' && job?.state !== 'InProgress') {
      // It can have ended so without having begun.
      const hasDoneNothing = job === null || (job.state !== 'JobComplete' && job.processed === 0);
      const isUntouched = closing.isUntried && hasDoneNothing;
      const settle = (openUntil: number | null) =>
        settleJob(context, { jobId, job, isUntouched, openUntil }, progress, options);
      if (isUntouched || job?.state === 'JobComplete') return settle(null);
      const rest = job === null ? null : restOf(context, job);
      if (rest === null) return settle(latestRest(context));
      pauseMs = rest - timeOf(context);
      if (pauseMs <= 0) return settle(null);
      untilMs = rest;
      if (pauseMs <= jobPatienceMs) {
        const until = isoTime(rest);
        log.warn(
          `${remote.instanceUrl}: the ingest job ${jobId} ended as ${job?.state}; rows of it that are under way are waited for until ${until}`,
        );
      }
    }
    await beside?.look();
    if (by === 'later' && isServed?.()) throw jobUnderWay(jobId, job, untilMs);
    if (clock.monotonicMs() - startedAt + pauseMs > jobPatienceMs) throw jobUnderWay(jobId, job, untilMs);
    for (let leftMs = pauseMs; leftMs > 0; leftMs -= besideMs) {
      await clock.sleep(beside === undefined ? leftMs : Math.min(leftMs, besideMs), { signal });
      if (beside === undefined) break;
      await beside.look();
    }
  }
}

/** Gives up a job that is open and that no closing has begun, so that its entries wait again. */
async function takeBack(
  context: SyncContext,
  { job, closing }: { job: IngestJob; closing: Closing },
  progress: DrainProgress,
  options: SendOptions,
): Promise<number> {
  const { refusal } = closing;
  const settled = await settleJob(
    context,
    { jobId: job.id, job, isUntouched: true, openUntil: null },
    progress,
    options,
  );
  await dropJob(context, job.id, options.signal);
  if (isDayQuota(refusal)) progress.noJobs ??= withTimeOfQuota(refusal, context.clock);
  return settled;
}

/** `untilMs`: from when on it is settled, where that is known. */
function jobUnderWay(jobId: string, job: IngestJob | null, untilMs: number | null): AppError {
  const nothingLost =
    'Nothing is lost: the next push or cycle goes on waiting for it, and until then sends nothing else of its contacts.';
  if (untilMs !== null) {
    return new AppError(
      'BULK_JOB_SLOW',
      `The ingest job ${jobId} ended as ${job?.state}, and Salesforce may work off rows of it until ${isoTime(untilMs)}.`,
      { hint: nothingLost, details: { jobId } },
    );
  }
  return new AppError('BULK_JOB_SLOW', `The ingest job ${jobId} is still under way in Salesforce.`, {
    hint: `${nothingLost} Where it does not end, whoever may manage data integrations aborts it in Setup, at Bulk Data Load Jobs; \`parahack-sync outbox settle --auto\` settles its contacts a quarter of an hour later.`,
    details: { jobId },
  });
}
