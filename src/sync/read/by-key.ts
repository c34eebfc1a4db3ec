import { AppError } from '../../base/errors.ts';
import { parseTime } from '../../base/iso-time.ts';
import { selectKeyPage } from '../soql.ts';
import type { RowReader } from './row-reader.ts';
import { readWholePage } from './whole-page.ts';

const pageRows = 2_000;

/** Reads contacts that meet `conditions` in the order of (CreatedDate, Id), one page a transaction. */
export async function readByKey(reader: RowReader, conditions: readonly string[]): Promise<void> {
  const { context, fields, took, signal, partial } = reader;
  let after = null as { stamp: string; id: string } | null;
  for (;;) {
    const soql: string = selectKeyPage(fields, conditions, 'CreatedDate', after, pageRows);
    const { page } = await readWholePage(context, {
      ask: () => context.remote.queryPage(soql, fields, { pageSize: pageRows, signal }),
      store: (body) => context.mirror.commit({ page: { ...body, partial } }, { signal }),
      signal,
    });
    if (page === null) return;
    took(page);
    if (page.done && page.rows < pageRows) return;
    const key = page.lastKey;
    if (key === null || (key.id === after?.id && parseTime(key.createdDate) === parseTime(after.stamp))) {
      throw new AppError('PAGING_STUCK', 'Salesforce answered a page that does not lead on.', {
        details: { after },
      });
    }
    after = { stamp: key.createdDate, id: key.id };
  }
}
