import type { SyncContext } from '../context.ts';
import { deleteBulkJob } from '../read/bulk-job.ts';
import { select, spanConditions } from '../soql.ts';
import { type Chunk, type JobSpan, type NewChunk, placeOf, type SpanPosition } from './chunk.ts';
import type { CopyReading } from './copy-reading.ts';
import type { CountedSpan } from './plan-spans.ts';

/** One job for a span of CreatedDate. */
export function bulkSpanChunk({ lower, upper }: CountedSpan | JobSpan, attempt = 0): NewChunk {
  return { kind: 'bulk-span', spec: { lower, upper, attempt } };
}

/** The span with its job, made where there is none; null where another process has gone on with it meanwhile. */
export async function startJob(
  context: SyncContext,
  chunk: Chunk<'bulk-span'>,
  { fields, pages, signal }: Pick<CopyReading, 'fields' | 'pages' | 'signal'>,
): Promise<(Chunk<'bulk-span'> & { position: SpanPosition }) | null> {
  if (chunk.position !== null) return { ...chunk, position: chunk.position };
  const soql = select(context.object.name, fields, spanConditions(chunk.spec));
  const job = await context.remote.bulk.create(soql, pages.deleted ? 'queryAll' : 'query', { signal });
  const position: SpanPosition = { jobId: job.id, locator: null, ended: false };
  const { chunkDone } = await context.mirror.commit({
    effects: [{ kind: 'advance-chunk', id: chunk.id, from: placeOf(chunk), position, state: 'pending' }],
  });
  if (chunkDone !== null) return { ...chunk, position };
  await deleteBulkJob(context, job.id, { signal });
  return null;
}
