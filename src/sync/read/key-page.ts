import { AppError, isAppError } from '../../base/errors.ts';
import { parseTime } from '../../base/iso-time.ts';
import type { SyncContext } from '../context.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import type { PageBody, PageKey } from '../ports/page.ts';
import { selectKeyPage } from '../soql.ts';
import { readWholePage } from './whole-page.ts';

/** Asked of a second that cannot be answered 2,000 rows at a time. */
const smallestPageRows = 100;

/** Salesforce stops at 16,384 bytes of URI and headers, the token included; the rest is kept free for growth. */
export const mostKeyPageBytes = 12_288;

/** What the request of such a page of a span takes at most, in bytes. */
export function keyPageBytes(
  { object, remote, sizes }: Pick<SyncContext, 'object' | 'remote' | 'sizes'>,
  fields: readonly string[],
): number {
  const stamp = '2000-01-01T00:00:00Z';
  const key = { stamp: '2000-01-01T00:00:00.000Z', id: '0'.repeat(18) };
  const span = [`CreatedDate >= ${stamp}`, `CreatedDate < ${stamp}`];
  const soql = selectKeyPage(object.name, fields, span, 'CreatedDate', key, sizes.keyPageRows);
  return remote.queries.requestBytes(soql);
}

/** One page of records in the order of (CreatedDate, Id). */
export interface KeyPage {
  fields: readonly string[];
  conditions: readonly string[];
  /** The last row of the page before; null for the first. */
  after: PageKey | null;
  pageRows: number;
  /** Of deleted records too. */
  deleted?: boolean;
}

export interface KeyPageWork {
  store: (body: PageBody) => Promise<BatchOutcome>;
  /** Lends a place among the requests under way; what is crowded is then handed up to it. */
  place?: (work: () => Promise<BatchOutcome>) => Promise<BatchOutcome>;
  signal: AbortSignal;
}

/** Asks for one page and stores it whole; null where Salesforce could not answer in time. */
export async function readKeyPage(
  context: Pick<SyncContext, 'object' | 'remote' | 'clock' | 'log'>,
  { fields, conditions, after, pageRows, deleted = false }: KeyPage,
  { store, place, signal }: KeyPageWork,
): Promise<BatchOutcome | null> {
  const key = after && { stamp: after.createdDate, id: after.id };
  const soql = selectKeyPage(context.object.name, fields, conditions, 'CreatedDate', key, pageRows);
  const whenCrowded = place === undefined ? 'repeat' : 'throw';
  try {
    return await readWholePage(context, {
      ask: () =>
        context.remote.queries.page(soql, fields, { pageSize: pageRows, deleted, whenCrowded, signal }),
      store,
      place,
      signal,
    });
  } catch (error) {
    if (!isAppError(error, 'QUERY_TIMEOUT')) throw error;
    context.log.debug('a page of a query timed out', { conditions, pageRows });
    return null;
  }
}

/** The key behind a page that is not the last. Throws `PAGING_STUCK` where it does not lead on. Pure. */
export function nextKey(after: PageKey | null, key: PageKey | null, conditions: readonly string[]): PageKey {
  const isSame =
    key !== null && key.id === after?.id && parseTime(key.createdDate) === parseTime(after.createdDate);
  if (key !== null && !isSame) return key;
  throw new AppError('PAGING_STUCK', 'Salesforce answered a page that does not lead on.', {
    details: { conditions, after },
  });
}

/** For what timed out and cannot be asked for in smaller spans. Throws `QUERY_TIMEOUT` below a hundred rows. Pure. */
export function smallerPage(pageRows: number): number {
  if (pageRows <= smallestPageRows) throw unanswerable();
  return Math.max(smallestPageRows, Math.floor(pageRows / 4));
}

export function unanswerable(): AppError {
  return new AppError('QUERY_TIMEOUT', 'Salesforce cannot answer even small queries in time.', {
    hint: 'What is read is kept: try again later, or start over by the Bulk API with `parahack-sync backfill --api bulk --fresh`.',
  });
}
