import { callDetailsOf } from '../../base/call-details.ts';
import { isAppError } from '../../base/errors.ts';
import type { Effect } from '../ports/effect.ts';
import type { PageBody, PageOutcome } from '../ports/page.ts';
import type { RowReader } from './row-reader.ts';
import { readWholePage } from './whole-page.ts';

/** Asked for at once where Salesforce cannot answer more; what these meet is no matter of their number. */
const fewestRows = 50;
/** The next page is asked for while the last one is stored. */
const ahead = 3;

/**
 * Retrieves records by id, 2,000 a call and fewer from where Salesforce cannot answer so many; `effects` are committed
 * with the last page, or alone without any. `ifAllFound`: not where the org did not show one of them. Returns how many
 * it did not show.
 */
export async function retrieveIds(
  reader: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
  { ifAllFound = false }: { ifAllFound?: boolean } = {},
): Promise<number> {
  const { mirror, sizes } = reader.context;
  const unique = [...new Set(ids)];
  if (unique.length === 0) {
    await mirror.commit({ effects }, { signal: reader.signal });
    return 0;
  }
  let absent = 0;
  const took = (page: PageOutcome) => {
    absent += page.absent;
    reader.took(page);
  };
  const effectsNow = (): readonly Effect[] => {
    if (!ifAllFound) return effects;
    return absent === 0 ? [{ kind: 'where-all-found', effects }] : [];
  };
  let pageRows = Math.min(sizes.retrieveRows, unique.length);
  for (let from = 0; from < unique.length; ) {
    const stopped = await readPages({ ...reader, took }, unique, { from, pageRows }, effectsNow);
    from = stopped.from;
    if (stopped.by === null) continue;
    // Each size that is too large costs the time in which it was tried, so patience is spent in longer steps.
    const fewer = Math.ceil(pageRows / (isAppError(stopped.by, 'TIMEOUT') ? 4 : 2));
    if (pageRows <= fewestRows) throw stopped.by;
    pageRows = Math.max(fewestRows, fewer);
  }
  return absent;
}

/** Stores pages in order, so that the last one's effects speak for all; stops at the first that holds too many. */
async function readPages(
  reader: RowReader,
  ids: readonly string[],
  { from, pageRows }: { from: number; pageRows: number },
  effects: () => readonly Effect[],
): Promise<{ from: number; by: unknown }> {
  const { context, fields, signal } = reader;
  const stop = new AbortController();
  const bound = AbortSignal.any([signal, stop.signal]);
  const asked: Promise<PageBody>[] = [];
  let next = from;
  let stored = from;
  try {
    while (stored < ids.length) {
      while (asked.length < ahead && next < ids.length) {
        const request = context.records.retrieve(ids.slice(next, next + pageRows), fields, { signal: bound });
        request.catch(() => {});
        asked.push(request);
        next += pageRows;
      }
      const page = ids.slice(stored, stored + pageRows);
      const isLast = stored + pageRows >= ids.length;
      try {
        await readPage(reader, page, isLast ? effects() : [], asked.shift());
      } catch (error) {
        if (!isOfTooMany(error)) throw error;
        return { from: stored, by: error };
      }
      stored += page.length;
    }
    return { from: stored, by: null };
  } finally {
    // Pages asked for and not stored would keep their connections.
    stop.abort();
  }
}

/** Whether fewer rows may well be answered: so many took too long, were refused, or Salesforce failed over them. */
function isOfTooMany(error: unknown): boolean {
  if (isAppError(error, 'QUERY_TIMEOUT', 'TIMEOUT', 'EXCEEDED_ID_LIMIT')) return true;
  const { ofRequest, status } = callDetailsOf(error);
  return ofRequest === true || status === 413;
}

async function readPage(
  { context, fields, took, signal }: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
  asked?: Promise<PageBody>,
): Promise<void> {
  let first = asked;
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
}
