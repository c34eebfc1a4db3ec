import { parseTime } from '../../base/iso-time.ts';
import { AdaptiveLimit } from '../adaptive-limit.ts';
import type { SyncContext } from '../context.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import type { PageKey } from '../ports/page.ts';
import type { Chunk, NewChunk } from '../ports/run.ts';
import { keyPageRows, nextKey, readKeyPage, smallerPage, unanswerable } from '../read/key-page.ts';
import { type CreatedSpan, spanConditions } from '../soql.ts';
import { type ChunkPoolView, runChunks } from './chunk-pool.ts';
import { type CountedSpan, edgeOfCreatedDate } from './plan-spans.ts';
import type { BackfillProgress } from './progress.ts';
import { warnOfStandstill } from './warn-of-standstill.ts';

/** A span is worth splitting for an idle worker while about this many rows or more are left in it. */
const splitAboveRows = 4 * keyPageRows;
/**
 * So many timeouts without a row between them end the run. To halve thirty years down to pages takes a worker some
 * twenty, and Salesforce gives up on each after two minutes.
 */
const mostFruitless = 200;

export function restChunk(span: CountedSpan): NewChunk {
  return { kind: 'rest-span', spec: { lower: span.lower, upper: span.upper, expected: span.expected } };
}

interface RestSpec extends CreatedSpan {
  expected: number;
}

export interface RestOptions {
  runId: string;
  fields: readonly string[];
  concurrency: number;
  progress: BackfillProgress;
  signal: AbortSignal;
}

/** Reads spans of CreatedDate by key-ordered pages; each page and its chunk's key are one transaction. */
export async function readRestChunks(
  context: SyncContext,
  chunks: readonly Chunk[],
  options: RestOptions,
): Promise<void> {
  const limit = new AdaptiveLimit(options.concurrency, context.clock, () => warnOfStandstill(context));
  const reading: SpanOptions = { ...options, limit, timeouts: { fruitless: 0 } };
  await runChunks({
    chunks,
    workers: options.concurrency,
    signal: options.signal,
    work: (chunk, pool) => readSpan(context, chunk, pool, reading),
  });
}

interface SpanOptions extends RestOptions {
  limit: AdaptiveLimit;
  /** Timeouts since a page last brought rows, of all spans together. */
  timeouts: { fruitless: number };
}

async function readSpan(
  context: SyncContext,
  chunk: Chunk,
  pool: ChunkPoolView,
  options: SpanOptions,
): Promise<void> {
  const { runId, progress } = options;
  const spec = chunk.spec as unknown as RestSpec;
  let after = chunk.position as PageKey | null;
  let rows = chunk.rows;
  let pageRows = keyPageRows;
  for (;;) {
    const outcome = await readSpanPage(context, { chunk, after, pageRows }, pool, options);
    if (outcome?.chunkDone) {
      progress.chunksDone++;
      return;
    }
    if (outcome !== null) {
      after = nextKey(after, outcome.page?.lastKey ?? null, spanConditions(spec));
      rows += outcome.page?.rows ?? 0;
      if (pool.idle === 0 || spec.expected - rows < splitAboveRows) continue;
    }
    const timedOut = outcome === null;
    // Where the span is open below, only the org can say where it begins.
    const first =
      timedOut && after === null && spec.lower === null
        ? await edgeOfCreatedDate(context, 'ASC', pool.signal)
        : null;
    const halves = splitSpan(spec, after, Math.max(spec.expected - rows, 0), context.remote.now(), first);
    if (halves === null) {
      if (timedOut) pageRows = smallerPage(pageRows);
      continue;
    }
    const split = await context.mirror.commit({
      effects: [{ kind: 'replace-chunks', runId, ids: [chunk.id], by: halves }],
    });
    progress.chunks += halves.length;
    progress.chunksDone++;
    pool.add(split.addedChunks, { next: timedOut });
    return;
  }
}

/** One page of a span, stored with the key behind it; null where Salesforce could not answer in time. */
async function readSpanPage(
  context: SyncContext,
  { chunk, after, pageRows }: { chunk: Chunk; after: PageKey | null; pageRows: number },
  { signal }: ChunkPoolView,
  { fields, limit, progress, timeouts }: SpanOptions,
): Promise<BatchOutcome | null> {
  const spec = chunk.spec as unknown as RestSpec;
  const advance = {
    kind: 'advance-chunk',
    id: chunk.id,
    position: 'last-key',
    state: { doneBelow: pageRows },
  } as const;
  const outcome = await readKeyPage(
    context,
    { fields, conditions: spanConditions(spec), after, pageRows },
    {
      store: (page) => context.mirror.commit({ page, effects: [advance] }, { signal }),
      place: (work) => limit.run(work, { signal }),
      signal,
    },
  );
  if (outcome === null) {
    if (++timeouts.fruitless > mostFruitless) throw unanswerable();
    return null;
  }
  progress.took(outcome);
  if (outcome.page !== null && outcome.page.rows > 0) timeouts.fruitless = 0;
  return outcome;
}

/**
 * The rest of a span behind `after`, cut in the middle of its time; null where there is less than two
 * seconds left. The first half starts at the second of the key itself: rows read twice are merged, rows
 * skipped would be lost. `first`: where the contacts of a span begin that is open below. Pure.
 */
export function splitSpan(
  span: CreatedSpan,
  after: PageKey | null,
  remaining: number,
  now: number,
  first: number | null = null,
): NewChunk[] | null {
  const start = parseTime(after?.createdDate ?? span.lower ?? '') ?? first;
  const end = span.upper === null ? now : parseTime(span.upper);
  if (start === null || end === null || end - start < 2_000) return null;
  const middle = new Date(Math.floor((start + end) / 2_000) * 1_000).toISOString();
  const lower = after === null ? span.lower : new Date(start).toISOString();
  return [
    restChunk({ lower, upper: middle, expected: remaining / 2 }),
    restChunk({ lower: middle, upper: span.upper, expected: remaining / 2 }),
  ];
}
