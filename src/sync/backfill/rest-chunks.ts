import { parseTime } from '../../base/iso-time.ts';
import { AdaptiveLimit } from '../adaptive-limit.ts';
import type { SyncContext } from '../context.ts';
import type { Effect } from '../ports/effect.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import type { PageKey } from '../ports/page.ts';
import { nextKey, readKeyPage, smallerPage, unanswerable } from '../read/key-page.ts';
import { type CreatedSpan, spanConditions } from '../soql.ts';
import { type Chunk, type NewChunk, parseChunk, placeOf } from './chunk.ts';
import { type ChunkPoolView, runChunks } from './chunk-pool.ts';
import type { CopyReading } from './copy-reading.ts';
import { pendingChunk } from './first-copy-run.ts';
import { type CountedSpan, edgeOfCreatedDate } from './plan-spans.ts';
import { warnOfStandstill } from './warn-of-standstill.ts';

/** A span is worth splitting for an idle worker while about so many pages or more are left in it. */
const splitAbovePages = 4;
/**
 * So many timeouts without a row between them end the run. To halve thirty years down to pages takes a worker some
 * twenty, and Salesforce gives up on each after two minutes.
 */
const mostFruitless = 200;

export function restChunk(span: CountedSpan): NewChunk {
  return { kind: 'rest-span', spec: { lower: span.lower, upper: span.upper, expected: span.expected } };
}

/** Reads spans of CreatedDate by key-ordered pages; each page and its chunk's key are one transaction. */
export async function readRestChunks(
  context: SyncContext,
  chunks: readonly Chunk[],
  reading: CopyReading & { fruitless: number },
): Promise<void> {
  const limit = new AdaptiveLimit(reading.concurrency, context.clock, () => warnOfStandstill(context));
  const timeouts = new Timeouts(reading.runId, reading.fruitless);
  await runChunks({
    chunks,
    workers: reading.concurrency,
    isOver: () => reading.turn.isOver(),
    signal: reading.signal,
    work: ({ id }, pool) => readSpan(context, id, pool, { ...reading, limit, timeouts }),
  });
}

interface SpanReading extends CopyReading {
  limit: AdaptiveLimit;
  timeouts: Timeouts;
}

/** Timeouts since a page last brought rows, of all spans together; kept with the run, for the turns that follow. */
class Timeouts {
  readonly #runId: string;
  #fruitless: number;

  constructor(runId: string, fruitless: number) {
    this.#runId = runId;
    this.#fruitless = fruitless;
  }

  /** What is to be stored with what follows from one more. Throws `QUERY_TIMEOUT` where it is one too many. */
  async oneMore({ mirror }: Pick<SyncContext, 'mirror'>): Promise<Effect> {
    this.#fruitless++;
    if (this.#fruitless <= mostFruitless) return this.#kept();
    // Whoever tries again begins anew.
    this.#fruitless = 0;
    await mirror.commit({ effects: [this.#kept()] });
    throw unanswerable();
  }

  async end({ mirror }: Pick<SyncContext, 'mirror'>): Promise<void> {
    if (this.#fruitless === 0) return;
    this.#fruitless = 0;
    await mirror.commit({ effects: [this.#kept()] });
  }

  #kept(): Effect {
    return { kind: 'patch-run-state', runId: this.#runId, patch: { fruitless: this.#fruitless } };
  }
}

async function readSpan(
  context: SyncContext,
  id: number,
  pool: ChunkPoolView,
  reading: SpanReading,
): Promise<void> {
  const { progress, timeouts, turn } = reading;
  let chunk = await pendingSpan(context, id);
  let pageRows = context.sizes.keyPageRows;
  const leastSplit = splitAbovePages * pageRows;
  while (chunk !== null && !turn.isOver()) {
    const outcome = await readSpanPage(context, { chunk, pageRows }, pool, reading);
    if (outcome === null) {
      const counted = await timeouts.oneMore(context);
      const halves = await halvesOf(context, chunk, { timedOut: true, signal: pool.signal });
      if (halves !== null) return split(context, chunk, halves, pool, reading, [counted]);
      await context.mirror.commit({ effects: [counted] });
      pageRows = smallerPage(pageRows);
      continue;
    }
    progress.took(outcome);
    if (outcome.page !== null && outcome.page.rows > 0) await timeouts.end(context);
    if (outcome.chunkDone === true) {
      progress.chunksDone++;
      return;
    }
    chunk = outcome.chunkDone === null ? await pendingSpan(context, id) : behind(chunk, outcome);
    if (chunk === null || pool.idle === 0 || chunk.spec.expected - chunk.rows < leastSplit) continue;
    const halves = await halvesOf(context, chunk, { timedOut: false, signal: pool.signal });
    if (halves !== null) return split(context, chunk, halves, pool, reading);
  }
}

/** As it stands in the journal; null where it is done. */
async function pendingSpan(context: SyncContext, id: number): Promise<Chunk<'rest-span'> | null> {
  const chunk = await pendingChunk(context, id);
  return chunk?.kind === 'rest-span' ? chunk : null;
}

/** One page of a span, stored with the key behind it; null where Salesforce could not answer in time. */
function readSpanPage(
  context: SyncContext,
  { chunk, pageRows }: { chunk: Chunk<'rest-span'>; pageRows: number },
  { signal }: ChunkPoolView,
  { fields, pages, limit }: SpanReading,
): Promise<BatchOutcome | null> {
  const advance = {
    kind: 'advance-chunk',
    id: chunk.id,
    from: placeOf(chunk),
    position: 'last-key',
    state: { doneBelow: pageRows },
  } as const;
  return readKeyPage(
    context,
    {
      fields,
      conditions: spanConditions(chunk.spec),
      after: chunk.position,
      pageRows,
      deleted: pages.deleted,
    },
    {
      store: (page) =>
        context.mirror.commit(
          { page: { ...page, partial: pages.partial }, effects: [advance, ...pages.effects] },
          { signal },
        ),
      place: (work) => limit.run(work, { signal }),
      signal,
    },
  );
}

/** The chunk as the effect of its page has left it. */
function behind(chunk: Chunk<'rest-span'>, { page }: BatchOutcome): Chunk<'rest-span'> {
  const position = nextKey(chunk.position, page?.lastKey ?? null, spanConditions(chunk.spec));
  return { ...chunk, position, rows: chunk.rows + (page?.rows ?? 0) };
}

async function halvesOf(
  context: SyncContext,
  { spec, position, rows }: Chunk<'rest-span'>,
  { timedOut, signal }: { timedOut: boolean; signal: AbortSignal },
): Promise<NewChunk[] | null> {
  // Where the span is open below, only the org can say where it begins.
  const isOpen = timedOut && position === null && spec.lower === null;
  const first = isOpen ? await edgeOfCreatedDate(context, 'ASC', signal) : null;
  return splitSpan(spec, position, Math.max(spec.expected - rows, 0), context.remote.clock.now(), first);
}

/** `effects`: what led to it. */
async function split(
  context: SyncContext,
  { id }: Chunk<'rest-span'>,
  halves: readonly NewChunk[],
  pool: ChunkPoolView,
  { runId, progress }: SpanReading,
  effects: readonly Effect[] = [],
): Promise<void> {
  const { addedChunks } = await context.mirror.commit({
    effects: [{ kind: 'replace-chunks', runId, ids: [id], by: halves }, ...effects],
  });
  progress.chunks += addedChunks.length;
  progress.chunksDone++;
  // What timed out comes first, so that few spans are open at a time.
  pool.add(addedChunks.map(parseChunk), { next: effects.length > 0 });
}

/**
 * The rest of a span behind `after`, cut in the middle of its time; null where there is less than two
 * seconds left. The first half starts at the second of the key itself: rows read twice are merged, rows
 * skipped would be lost. `first`: where the records of a span begin that is open below. Pure.
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
