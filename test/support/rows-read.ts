import type { ReaderRow } from '../../src/sync/ports/contact-reader.ts';

/** All rows of a reading, one batch after the other. */
export async function rowsRead(batches: AsyncIterable<readonly ReaderRow[]>): Promise<ReaderRow[]> {
  const rows: ReaderRow[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}
