import { backoffMs } from '../../base/backoff.ts';
import { isAppError } from '../../base/errors.ts';
import { AdaptiveLimit } from '../adaptive-limit.ts';
import type { SyncContext } from '../context.ts';
import type { Chunk, NewChunk } from '../ports/run.ts';
import { assertJobRows, awaitBulkJob, deleteBulkJob, isLostJob, listResultPages } from '../read/bulk-job.ts';
import { readResultPages } from '../read/result-pages.ts';
import { readWholePage } from '../read/whole-page.ts';
import { type CreatedSpan, selectContacts, spanConditions } from '../soql.ts';
import { type ChunkPoolView, runChunks } from './chunk-pool.ts';
import type { CountedSpan } from './plan-spans.ts';
import type { BackfillProgress } from './progress.ts';
import { warnOfStandstill } from './warn-of-standstill.ts';

/** At most about this many contacts a job, so that a lost job restarts little. */
export const bulkSpanRows = 250_000;
/** A span whose jobs are lost this often fails the run; it can be resumed. */
const maxJobsPerSpan = 5;
const jobBackoff = { baseMs: 1_000, maxMs: 30_000 };

/** One job for a span of CreatedDate. position: `{jobId, locator?}` once the job exists. */
export function bulkSpanChunk(span: CreatedSpan & { expected?: number }, attempt = 0): NewChunk {
  return { kind: 'bulk-span', spec: { lower: span.lower, upper: span.upper, attempt } };
}

interface SpanSpec extends CreatedSpan {
  attempt: number;
}

interface SpanPosition {
  jobId: string;
  /** Set while pages are read one after the other: the locator of the next one. */
  locator: string | null;
  /** The last page is stored; only the job's sum is still to be compared. */
  ended?: boolean;
}

/** A finished job whose pages are listed. It is done when they hold what it says it processed. */
interface JobSpec extends SpanSpec {
  jobId: string;
  /** numberRecordsProcessed of the whole job. */
  jobRows: number;
}

/** One page of a finished job, known by its URL. */
interface PageSpec extends JobSpec {
  url: string;
}

export interface BulkOptions {
  runId: string;
  fields: readonly string[];
  concurrency: number;
  progress: BackfillProgress;
  signal: AbortSignal;
}

interface JobOptions extends BulkOptions {
  /** Jobs whose span is being asked for again: their pages, under way or waiting, count no more. */
  lost: Set<string>;
  limit: AdaptiveLimit;
}

export function planBulkChunks(spans: readonly CountedSpan[]): NewChunk[] {
  return spans.map((span) => bulkSpanChunk(span));
}

/**
 * Reads spans by Bulk API 2.0 jobs: create (the id is stored before anything else), wait, list the result
 * pages once, read them in parallel as chunks of their own; a job that is lost restarts its span alone.
 */
export async function readBulkChunks(
  context: SyncContext,
  chunks: readonly Chunk[],
  given: BulkOptions,
): Promise<void> {
  const limit = new AdaptiveLimit(given.concurrency, context.clock, () => warnOfStandstill(context));
  await readJobs(context, chunks, { ...given, lost: new Set(), limit });
}

async function readJobs(context: SyncContext, chunks: readonly Chunk[], options: JobOptions): Promise<void> {
  const { concurrency, signal } = options;
  // All jobs are created first: Salesforce works on them side by side while the first pages are read.
  const spans = chunks.filter(({ kind }) => kind === 'bulk-span');
  // All of them are waited for, so that none writes into the mirror after this has thrown.
  const settled = await Promise.allSettled(spans.map((chunk) => startJob(context, chunk, options)));
  const started = settled.map((job) => {
    if (job.status === 'rejected') throw job.reason;
    return job.value;
  });
  const listed = chunks.filter(({ kind }) => kind !== 'bulk-span');
  await runChunks({
    chunks: [...listed, ...started],
    workers: Math.max(concurrency, 1),
    signal,
    work: (chunk, pool) => {
      if (chunk.kind === 'bulk-page') return readPageChunk(context, chunk, pool, options);
      if (chunk.kind === 'bulk-job')
        return settleJob(context, chunk.spec as unknown as JobSpec, pool, options);
      return readSpanChunk(context, chunk, pool, options);
    },
  });
}

async function startJob(
  { remote, mirror }: SyncContext,
  chunk: Chunk,
  { fields, signal }: Pick<BulkOptions, 'fields' | 'signal'>,
): Promise<Chunk> {
  if (chunk.position !== null) return chunk;
  const soql = selectContacts(fields, spanConditions(chunk.spec as unknown as SpanSpec));
  const job = await remote.bulk.create(soql, 'query', { signal });
  const position: SpanPosition & Record<string, unknown> = { jobId: job.id, locator: null };
  await mirror.commit({ effects: [{ kind: 'advance-chunk', id: chunk.id, position, state: 'pending' }] });
  return { ...chunk, position };
}

async function readSpanChunk(
  context: SyncContext,
  given: Chunk,
  pool: ChunkPoolView,
  options: JobOptions,
): Promise<void> {
  const { signal } = pool;
  const chunk = await startJob(context, given, { fields: options.fields, signal });
  const spec = chunk.spec as unknown as SpanSpec;
  const position = chunk.position as unknown as SpanPosition;
  const { jobId } = position;
  try {
    const job = await awaitBulkJob(context, jobId, { signal });
    const begun = position.locator !== null || position.ended === true;
    const urls = begun ? null : await listResultPages(context, jobId, { signal });
    if (urls === null) {
      await readByLocator(context, chunk, position, job.numberRecordsProcessed, pool, options);
      return;
    }
    const jobSpec = { ...spec, jobId, jobRows: job.numberRecordsProcessed };
    const pages = urls.map((url): NewChunk => ({ kind: 'bulk-page', spec: { ...jobSpec, url } }));
    await replaceChunks(context, [chunk.id], [...pages, { kind: 'bulk-job', spec: jobSpec }], pool, options);
  } catch (error) {
    if (!isLostJob(error)) throw error;
    await restartSpan(context, [chunk.id], { ...spec, jobId }, error, pool, options);
  }
}

async function readByLocator(
  context: SyncContext,
  chunk: Chunk,
  from: SpanPosition,
  jobRows: number,
  { signal }: ChunkPoolView,
  { fields, limit, progress }: JobOptions,
): Promise<void> {
  const { jobId } = from;
  let { rows } = chunk;
  if (from.ended !== true) {
    await readResultPages(context, jobId, {
      fields,
      from: from.locator,
      store: ({ body, nextLocator }) => {
        const position = { jobId, locator: nextLocator, ended: nextLocator === null };
        const advance = { kind: 'advance-chunk', id: chunk.id, position, state: 'pending' } as const;
        return context.mirror.commit({ page: body, effects: [advance] }, { signal });
      },
      took(outcome) {
        progress.took(outcome);
        rows += outcome.page?.rows ?? 0;
      },
      place: (work) => limit.run(work, { signal }),
      signal,
    });
  }
  assertJobRows(jobId, jobRows, rows);
  await context.mirror.commit({
    effects: [{ kind: 'advance-chunk', id: chunk.id, position: null, state: 'done' }],
  });
  progress.chunksDone++;
  await deleteBulkJob(context, jobId, { signal });
}

async function readPageChunk(
  context: SyncContext,
  chunk: Chunk,
  pool: ChunkPoolView,
  options: JobOptions,
): Promise<void> {
  const spec = chunk.spec as unknown as PageSpec;
  const { mirror, remote } = context;
  const { lost } = options;
  if (lost.has(spec.jobId)) return;
  try {
    const { signal } = pool;
    const outcome = await readWholePage(context, {
      ask: () => remote.bulk.resultPage(spec.url, options.fields, { whenCrowded: 'throw', signal }),
      store: ({ body }) =>
        mirror.commit(
          {
            page: body,
            effects: [{ kind: 'advance-chunk', id: chunk.id, position: null, state: 'done' }],
          },
          { signal },
        ),
      place: (work) => options.limit.run(work, { signal }),
      signal,
    });
    options.progress.took(outcome);
    if (!lost.has(spec.jobId)) options.progress.chunksDone++;
  } catch (error) {
    await loseJob(context, spec, error, pool, options);
    return;
  }
  await settleJob(context, spec, pool, options);
}

/** Compares a job's rows with its pages' once all of them are stored, and is through with it. */
async function settleJob(
  context: SyncContext,
  spec: JobSpec,
  pool: ChunkPoolView,
  options: JobOptions,
): Promise<void> {
  const { job, pages } = await chunksOfJob(context, options.runId, spec.jobId);
  // The page that comes last settles the job; one that was lost has no chunk any more.
  if (job === null || pages.some(({ state }) => state === 'pending')) return;
  const rows = pages.reduce((sum, page) => sum + page.rows, 0);
  try {
    assertJobRows(spec.jobId, spec.jobRows, rows);
  } catch (error) {
    await loseJob(context, spec, error, pool, options);
    return;
  }
  await context.mirror.commit({
    effects: [{ kind: 'advance-chunk', id: job.id, position: null, state: 'done' }],
  });
  options.progress.chunksDone++;
  await deleteBulkJob(context, spec.jobId, { signal: pool.signal });
}

/** Asks for the span of a lost job again; its pages that are stored stay so. Throws what is no loss of the job. */
async function loseJob(
  context: SyncContext,
  spec: JobSpec,
  error: unknown,
  pool: ChunkPoolView,
  options: JobOptions,
): Promise<void> {
  if (!isLostJob(error)) throw error;
  // Where another page met the loss first, the span is being asked for again already.
  if (options.lost.has(spec.jobId)) return;
  options.lost.add(spec.jobId);
  const { job, pages } = await chunksOfJob(context, options.runId, spec.jobId);
  const open = pages.filter(({ state }) => state === 'pending');
  const replaced = [...open, ...(job === null ? [] : [job])].map(({ id }) => id);
  await restartSpan(context, replaced, spec, error, pool, options);
}

/** `job`: null where it is settled or lost. */
async function chunksOfJob(
  { mirror }: SyncContext,
  runId: string,
  jobId: string,
): Promise<{ job: Chunk | null; pages: Chunk[] }> {
  const all = (await mirror.journal.chunks(runId)).filter(({ spec }) => spec.jobId === jobId);
  return {
    job: all.find(({ kind, state }) => kind === 'bulk-job' && state === 'pending') ?? null,
    pages: all.filter(({ kind }) => kind === 'bulk-page'),
  };
}

async function restartSpan(
  context: SyncContext,
  ids: readonly number[],
  span: SpanSpec & { jobId: string },
  cause: unknown,
  pool: ChunkPoolView,
  options: JobOptions,
): Promise<void> {
  const attempt = span.attempt + 1;
  await deleteBulkJob(context, span.jobId, pool);
  if (attempt >= maxJobsPerSpan) {
    // The span stays open, so that a resumed run asks for it and never counts it as read.
    await replaceChunks(context, ids, [bulkSpanChunk(span)], pool, options);
    throw cause;
  }
  await context.clock.sleep(backoffMs(attempt - 1, jobBackoff), pool);
  context.log.warn('a bulk job was lost; its span is asked for again', {
    lower: span.lower,
    upper: span.upper,
    attempt,
    code: isAppError(cause) ? cause.code : undefined,
  });
  await replaceChunks(context, ids, [bulkSpanChunk(span, attempt)], pool, options);
}

async function replaceChunks(
  { mirror }: SyncContext,
  ids: readonly number[],
  by: readonly NewChunk[],
  pool: ChunkPoolView,
  { runId, progress }: BulkOptions,
): Promise<void> {
  const { addedChunks } = await mirror.commit({ effects: [{ kind: 'replace-chunks', runId, ids, by }] });
  progress.chunks += by.length;
  progress.chunksDone += ids.length;
  progress.tell();
  pool.add(addedChunks);
}
