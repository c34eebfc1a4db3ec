import { isAppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import { coveredBy } from '../../coverage.ts';
import { floorMinute, minuteMs } from '../../minute.ts';
import { orgTime } from '../../org-time.ts';

export interface DoubtCoverage {
  /** All that was begun in the org before is committed or was undone; null where the org does not say. */
  covered: number | null;
  /** A time of the org after which it began to answer, and before which its answer was made: whole seconds. */
  asOf: number;
}

/**
 * Up to where everything that was begun is committed, as the list of changes says it; `from`: what is to be covered at
 * least. One call; two where more was changed since than the list holds.
 */
export async function doubtCoverage(
  { remote, records }: Pick<SyncContext, 'remote' | 'records'>,
  from: number | null,
  { signal }: { signal: AbortSignal },
): Promise<DoubtCoverage | null> {
  const newest = floorMinute(await orgTime({ remote }, { signal }));
  // Coverage is one time for all windows: a short one tells it as well as one from the beginning.
  const earliest = Math.max(floorMinute(from ?? newest), newest - 10 * minuteMs);
  for (const start of new Set([Math.min(earliest, newest), newest])) {
    try {
      const answer = await records.changes.updated({ start, end: newest + minuteMs }, { signal });
      return { covered: coveredBy(answer), asOf: Math.floor(answer.answeredAt / 1_000) * 1_000 + 1_000 };
    } catch (error) {
      if (!isAppError(error, 'EXCEEDED_ID_LIMIT')) throw error;
    }
  }
  return null;
}
