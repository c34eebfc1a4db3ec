import type { SyncContext } from '../context.ts';
import { floorMinute } from '../minute.ts';
import { select, soqlDateTime } from '../soql.ts';

/**
 * The ids of records stamped since the minute of `since` (ms since 1970); null where there are more than are worth
 * asking for one by one. Asked without the records' fields: those of a wide object would make the query longer than
 * Salesforce takes, and most often there is none.
 */
export async function idsStampedSince(
  { object, remote, sizes: { mostStampedIds } }: Pick<SyncContext, 'object' | 'remote' | 'sizes'>,
  since: number,
  { signal }: { signal: AbortSignal },
): Promise<string[] | null> {
  const condition = `SystemModstamp >= ${soqlDateTime(floorMinute(since))}`;
  const { records } = await remote.queries.all(
    select(object.name, ['Id'], [condition], ` LIMIT ${mostStampedIds + 1}`),
    { signal },
  );
  return records.length > mostStampedIds ? null : records.map(({ Id }) => String(Id));
}
