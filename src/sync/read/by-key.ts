import type { PageKey } from '../ports/page.ts';
import { nextKey, readKeyPage, smallerPage } from './key-page.ts';
import type { RowReader } from './row-reader.ts';

/** Reads records that meet `conditions` in the order of (CreatedDate, Id), one page a transaction. */
export async function readByKey(reader: RowReader, conditions: readonly string[]): Promise<void> {
  const { context, fields, took, signal, partial } = reader;
  let after: PageKey | null = null;
  let pageRows = context.sizes.keyPageRows;
  for (;;) {
    const outcome = await readKeyPage(
      context,
      { fields, conditions, after, pageRows },
      { store: (body) => context.mirror.commit({ page: { ...body, partial } }, { signal }), signal },
    );
    if (outcome === null) {
      pageRows = smallerPage(pageRows);
      continue;
    }
    const { page } = outcome;
    if (page === null) return;
    took(page);
    if (page.done && page.rows < pageRows) return;
    after = nextKey(after, page.lastKey, conditions);
  }
}
