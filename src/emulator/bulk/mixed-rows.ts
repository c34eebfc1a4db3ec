import type { IngestJob } from './ingest-job.ts';

/**
 * Rows of a result file in an order that is the job's own and the same each time: Salesforce works batches off side by
 * side, and "the order of records in the response is not guaranteed to match the ordering of records in the original job
 * data". Source: Bulk API 2.0 Developer Guide, "Get Job Successful Record Results".
 */
export function mixedRows<T>({ id }: Pick<IngestJob, 'id'>, rows: readonly T[]): T[] {
  let seed = 0;
  for (const letter of id) seed = (Math.imul(seed, 31) + letter.charCodeAt(0)) | 0;
  return rows
    .map((row, at) => ({ row, place: scattered(seed ^ at) }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row);
}

/** Numbers that lie side by side come far apart. */
function scattered(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  const twice = Math.imul(once ^ (once >>> 16), 0x45d9f3b);
  return (twice ^ (twice >>> 16)) >>> 0;
}
