import { isAppError } from '../../base/errors.ts';
import type { Effect } from '../ports/effect.ts';
import type { PageBody } from '../ports/page.ts';
import type { RowReader } from './row-reader.ts';
import { readWholePage } from './whole-page.ts';

/** The most ids one sObject Collections retrieve takes. Source: sObject Collections, "Get records". */
export const retrieveRows = 2_000;
/** Below this many ids a request that times out is not cut again. */
const fewestRows = 50;
/** The next page is asked for while the last one is stored. */
const ahead = 3;

/** Retrieves records by id, 2,000 a call; `effects` are committed with the last page, or alone without any. */
export async function retrieveIds(
  reader: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
): Promise<void> {
  const { records, mirror } = reader.context;
  const { fields, signal } = reader;
  const unique = [...new Set(ids)];
  if (unique.length === 0) {
    await mirror.commit({ effects }, { signal });
    return;
  }
  const pages: string[][] = [];
  for (let i = 0; i < unique.length; i += retrieveRows) pages.push(unique.slice(i, i + retrieveRows));
  // Pages are asked for ahead but stored in order, so that the last one's effects speak for all.
  const stop = new AbortController();
  const bound = AbortSignal.any([signal, stop.signal]);
  const asked: Promise<PageBody>[] = [];
  try {
    for (const [i, page] of pages.entries()) {
      while (asked.length < Math.min(pages.length, i + ahead)) {
        const request = records.retrieve(pages[asked.length] ?? [], fields, { signal: bound });
        request.catch(() => {});
        asked.push(request);
      }
      await readPage(reader, page, i === pages.length - 1 ? effects : [], asked[i]);
    }
  } finally {
    // Pages asked for and not stored would keep their connections.
    stop.abort();
  }
}

/** Stores one page; where Salesforce cannot answer so many ids in time, its halves, the effects with the second. */
async function readPage(
  reader: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
  asked?: Promise<PageBody>,
): Promise<void> {
  const { context, fields, took, signal } = reader;
  let first = asked;
  try {
    const { page } = await readWholePage(context, {
      ask: () => {
        const request = first ?? context.records.retrieve(ids, fields, { signal });
        first = undefined;
        return request;
      },
      store: (body) => context.mirror.commit({ page: body, effects }, { signal }),
      signal,
    });
    if (page !== null) took(page);
  } catch (error) {
    const middle = Math.ceil(ids.length / 2);
    if (middle < fewestRows || !isAppError(error, 'QUERY_TIMEOUT')) throw error;
    await readPage(reader, ids.slice(0, middle), []);
    await readPage(reader, ids.slice(middle), effects);
  }
}
