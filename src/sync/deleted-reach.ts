import { isAppError } from '../base/errors.ts';
import type { SyncContext } from './context.ts';
import { floorMinute, minuteMs } from './minute.ts';

/**
 * Whether the org's list of deletions, which may be cut short any time, still goes back to `from`. `now`: the org's
 * time, ms since 1970.
 */
export async function isToldSince(
  { records }: Pick<SyncContext, 'records'>,
  from: number,
  { now, signal }: { now: number; signal?: AbortSignal },
): Promise<boolean> {
  const start = floorMinute(from);
  // Some orgs refuse an end in the future; a list that was cut short since then is found by the next cycle.
  if (start + minuteMs > now) return true;
  try {
    const answer = await records.changes.deleted({ start, end: start + minuteMs }, { signal });
    return floorMinute(answer.earliestDateAvailable ?? 0) <= start;
  } catch (error) {
    if (isAppError(error, 'EXCEEDED_ID_LIMIT')) return true;
    if (isAppError(error, 'INVALID_REPLICATION_DATE')) return false;
    throw error;
  }
}
