import { Semaphore } from '../../base/semaphore.ts';
import { AdaptiveLimit } from '../adaptive-limit.ts';
import type { SyncContext } from '../context.ts';
import { assertJobRows, deleteBulkJob, isLostJob, listResultPages, pollBulkJob } from '../read/bulk-job.ts';
import { readResultPages } from '../read/result-pages.ts';
import { readWholePage } from '../read/whole-page.ts';
import { type Chunk, type FinishedJob, type NewChunk, placeOf, type SpanPosition } from './chunk.ts';
import { type ChunkPoolView, runChunks } from './chunk-pool.ts';
import type { CopyReading } from './copy-reading.ts';
import { pendingChunk, pendingChunks } from './first-copy-run.ts';
import type { JobReading } from './job-reading.ts';
import { chunksOfJob, loseJob, replaceChunks, restartSpan } from './lost-job.ts';
import { nextSpans, withinOpenJobs } from './open-jobs.ts';
import { startJob } from './start-job.ts';
import { warnOfStandstill } from './warn-of-standstill.ts';

/**
 * Reads spans by Bulk API 2.0 jobs: create (the id is stored before anything else), wait, list the result
 * pages once, read them in parallel as chunks of their own; a job that is lost restarts its span alone. Some jobs are
 * open at once, and one that ends makes room for the next.
 */
export async function readBulkChunks(
  context: SyncContext,
  chunks: readonly Chunk[],
  given: CopyReading,
): Promise<void> {
  const { concurrency, runId, turn } = given;
  const limit = new AdaptiveLimit(concurrency, context.clock, () => warnOfStandstill(context));
  const reading: JobReading = { ...given, limit, opening: new Semaphore(1) };
  let pending = chunks;
  do {
    await readOpenJobs(context, withinOpenJobs(pending), reading);
    // Spans may be left whose room another process has taken and given back.
    pending = await pendingChunks(context, runId);
  } while (pending.length > 0 && !turn.isOver());
}

async function readOpenJobs(
  context: SyncContext,
  chunks: readonly Chunk[],
  reading: JobReading,
): Promise<void> {
  const { concurrency, signal, turn } = reading;
  // All of these jobs are created first: Salesforce works on them side by side while the first pages are read.
  const spans = chunks.filter((chunk) => chunk.kind === 'bulk-span');
  // All of them are waited for, so that none writes into the mirror after this has thrown.
  const settled = await Promise.allSettled(spans.map((chunk) => startJob(context, chunk, reading)));
  for (const job of settled) if (job.status === 'rejected') throw job.reason;
  const listed = chunks.filter(({ kind }) => kind !== 'bulk-span');
  await runChunks({
    chunks: [...listed, ...spans],
    workers: concurrency,
    isOver: () => turn.isOver(),
    signal,
    work: ({ id }, pool) => readChunk(context, id, pool, reading),
  });
}

/** Makes the jobs for which there is room now. */
async function startNextJobs(context: SyncContext, pool: ChunkPoolView, reading: JobReading): Promise<void> {
  const { runId, turn, opening } = reading;
  const { signal } = pool;
  await opening.run(
    async () => {
      if (turn.isOver()) return;
      for (const chunk of nextSpans(await pendingChunks(context, runId))) {
        await startJob(context, chunk, { ...reading, signal });
        pool.add([chunk]);
      }
    },
    { signal },
  );
}

/** As it stands in the journal: another page may have lost its job, another process may have gone on with it. */
async function readChunk(
  context: SyncContext,
  id: number,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const chunk = await pendingChunk(context, id);
  switch (chunk?.kind) {
    case 'bulk-span':
      return readSpanChunk(context, chunk, pool, reading);
    case 'bulk-page':
      return readPageChunk(context, chunk, pool, reading);
    case 'bulk-job':
      return closeJob(context, chunk.spec, pool, reading);
    default:
  }
}

async function readSpanChunk(
  context: SyncContext,
  given: Chunk<'bulk-span'>,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const { signal } = pool;
  const chunk = await startJob(context, given, { ...reading, signal });
  if (chunk === null) return readChunk(context, given.id, pool, reading);
  const { spec, position } = chunk;
  const { jobId } = position;
  try {
    const job = await pollBulkJob(context, jobId, { leftMs: () => reading.turn.leftMs(), signal });
    if (job === null) return;
    const begun = position.locator !== null || position.ended;
    const urls = begun ? null : await listResultPages(context, jobId, { signal });
    if (urls === null) {
      await readByLocator(context, chunk, job.numberRecordsProcessed, pool, reading);
      return;
    }
    const jobSpec = { ...spec, jobId, jobRows: job.numberRecordsProcessed };
    const pages = urls.map((url): NewChunk => ({ kind: 'bulk-page', spec: { ...jobSpec, url } }));
    const by: NewChunk[] = [...pages, { kind: 'bulk-job', spec: jobSpec }];
    pool.add(await replaceChunks(context, [chunk.id], by, reading));
  } catch (error) {
    if (!isLostJob(error, reading)) throw error;
    await restartSpan(context, [chunk.id], { ...spec, jobId }, error, pool, reading);
  }
}

async function readByLocator(
  context: SyncContext,
  given: Chunk<'bulk-span'> & { position: SpanPosition },
  jobRows: number,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const { signal } = pool;
  const { pages, progress } = reading;
  const { jobId } = given.position;
  let chunk = given;
  let isOvertaken = false;
  if (!chunk.position.ended) {
    await readResultPages(context, jobId, {
      fields: reading.fields,
      from: chunk.position.locator,
      async store({ body, nextLocator }) {
        const position = { jobId, locator: nextLocator, ended: nextLocator === null };
        const { id } = chunk;
        const stored = await context.mirror.commit(
          {
            page: { ...body, partial: pages.partial },
            effects: [
              { kind: 'advance-chunk', id, from: placeOf(chunk), position, state: 'pending' },
              ...pages.effects,
            ],
          },
          { signal },
        );
        chunk = { ...chunk, position, rows: chunk.rows + (stored.page?.rows ?? 0) };
        return stored;
      },
      took(outcome) {
        progress.took(outcome);
        isOvertaken = outcome.chunkDone === null;
        return !isOvertaken && !reading.turn.isOver();
      },
      place: (work) => reading.limit.run(work, { signal }),
      signal,
    });
  }
  if (isOvertaken) return readChunk(context, chunk.id, pool, reading);
  if (!chunk.position.ended) return;
  assertJobRows(jobId, jobRows, chunk.rows);
  await endJob(context, chunk, jobId, pool, reading);
}

async function readPageChunk(
  context: SyncContext,
  chunk: Chunk<'bulk-page'>,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const { id, spec } = chunk;
  const { mirror, remote } = context;
  const { pages, progress, fields, limit } = reading;
  const { signal } = pool;
  try {
    const outcome = await readWholePage(context, {
      ask: () => remote.bulk.resultPage(spec.url, fields, { whenCrowded: 'throw', signal }),
      store: ({ body }) =>
        mirror.commit(
          {
            page: { ...body, partial: pages.partial },
            effects: [
              { kind: 'advance-chunk', id, from: placeOf(chunk), position: null, state: 'done' },
              ...pages.effects,
            ],
          },
          { signal },
        ),
      place: (work) => limit.run(work, { signal }),
      signal,
    });
    progress.took(outcome);
    if (outcome.chunkDone === true) progress.chunksDone++;
  } catch (error) {
    await loseJob(context, spec, error, pool, reading);
    return;
  }
  await closeJob(context, spec, pool, reading);
}

/** Compares a job's rows with its pages' once all of them are stored, and is through with it. */
async function closeJob(
  context: SyncContext,
  spec: FinishedJob,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const { job, pages } = await chunksOfJob(context, reading.runId, spec.jobId);
  // The page that comes last closes the job; one that was lost has no chunk any more.
  if (job === null || pages.some(({ state }) => state === 'pending')) return;
  const rows = pages.reduce((sum, page) => sum + page.rows, 0);
  try {
    assertJobRows(spec.jobId, spec.jobRows, rows);
  } catch (error) {
    await loseJob(context, spec, error, pool, reading);
    return;
  }
  await endJob(context, job, spec.jobId, pool, reading);
}

/** Of several who come to it at the same time, one is through with the job. */
async function endJob(
  context: SyncContext,
  chunk: Chunk,
  jobId: string,
  pool: ChunkPoolView,
  reading: JobReading,
): Promise<void> {
  const { chunkDone } = await context.mirror.commit({
    effects: [{ kind: 'advance-chunk', id: chunk.id, from: placeOf(chunk), position: null, state: 'done' }],
  });
  if (chunkDone === null) return;
  reading.progress.chunksDone++;
  await deleteBulkJob(context, jobId, pool);
  await startNextJobs(context, pool, reading);
}
