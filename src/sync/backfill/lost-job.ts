import { backoffMs } from '../../base/backoff.ts';
import { messageOf } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { deleteBulkJob, isLostJob } from '../read/bulk-job.ts';
import { type Chunk, type FinishedJob, type JobSpan, type NewChunk, parseChunk } from './chunk.ts';
import type { ChunkPoolView } from './chunk-pool.ts';
import type { CopyReading } from './copy-reading.ts';
import type { JobReading } from './job-reading.ts';
import { bulkSpanChunk } from './start-job.ts';

/** A span whose jobs are lost this often fails the run; it can be resumed. */
const maxJobsPerSpan = 5;
const jobBackoff = { baseMs: 1_000, maxMs: 30_000 };

/** Asks for the span of a lost job again; its pages that are stored stay so. Throws what is no loss of the job. */
export async function loseJob(
  context: SyncContext,
  spec: FinishedJob,
  error: unknown,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  if (!isLostJob(error, reading)) throw error;
  const { job, pages } = await chunksOfJob(context, reading.runId, spec.jobId);
  // Where another page met the loss first, the span is being asked for again already.
  if (job === null) return;
  const open = pages.filter(({ state }) => state === 'pending');
  const ids = [job, ...open].map(({ id }) => id);
  await restartSpan(context, ids, spec, error, pool, reading);
}

/** `job`: null where it is settled or lost. */
export async function chunksOfJob(
  { mirror }: Pick<SyncContext, 'mirror'>,
  runId: string,
  jobId: string,
): Promise<{ job: Chunk<'bulk-job'> | null; pages: Chunk<'bulk-page'>[] }> {
  let job: Chunk<'bulk-job'> | null = null;
  const pages: Chunk<'bulk-page'>[] = [];
  for (const chunk of (await mirror.journal.chunks(runId)).map(parseChunk)) {
    if (chunk.kind === 'bulk-page' && chunk.spec.jobId === jobId) pages.push(chunk);
    if (chunk.kind === 'bulk-job' && chunk.spec.jobId === jobId && chunk.state === 'pending') job = chunk;
  }
  return { job, pages };
}

export async function restartSpan(
  context: SyncContext,
  ids: readonly number[],
  span: JobSpan & { jobId: string },
  cause: unknown,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const attempt = span.attempt + 1;
  const isLast = attempt >= maxJobsPerSpan;
  // The span stays open, so that a resumed run asks for it, as often as this one has, and never counts it as read.
  const again = bulkSpanChunk(span, isLast ? 0 : attempt);
  const added = await replaceChunks(context, ids, [again], reading);
  if (added.length === 0) return;
  await deleteBulkJob(context, span.jobId, pool);
  if (isLast) throw cause;
  const { lower, upper } = span;
  context.log.warn(
    `a bulk job of ${context.remote.instanceUrl} was lost: what it read is asked for again (${messageOf(cause)})`,
  );
  context.log.debug('lost bulk job', { job: span.jobId, lower, upper, attempt });
  await context.clock.sleep(backoffMs(attempt - 1, jobBackoff), pool);
  pool.add(added);
}

/** Those that take their place; none where somebody else has replaced them. */
export async function replaceChunks(
  { mirror }: Pick<SyncContext, 'mirror'>,
  ids: readonly number[],
  by: readonly NewChunk[],
  { runId, progress }: CopyReading,
): Promise<Chunk[]> {
  const { addedChunks } = await mirror.commit({ effects: [{ kind: 'replace-chunks', runId, ids, by }] });
  if (addedChunks.length === 0) return [];
  progress.chunks += by.length;
  progress.chunksDone += ids.length;
  progress.tell();
  return addedChunks.map(parseChunk);
}
