import { isAppError } from '../base/errors.ts';
import type { SyncContext } from './context.ts';
import { coveredBy } from './coverage.ts';
import { floorMinute, minuteMs } from './minute.ts';
import type { DeletedAnswer, UpdatedAnswer, Window } from './ports/record-changes.ts';

const dayMs = 86_400_000;

/**
 * T0: an instant such that every transaction stamped before it is committed and will be seen by reads that
 * begin now. The clock cannot say that (a transaction stamped before "now" may commit after its page was
 * read); only the org's `latestDateCovered` can. It may lie days back while a long transaction runs.
 *
 * Source: sObject Get Updated / Get Deleted, "latestDateCovered".
 */
export async function findSafeStart(
  { remote, records }: SyncContext,
  { signal }: { signal?: AbortSignal } = {},
): Promise<number> {
  const updated = await coverage(remote.clock.now(), (w) => records.changes.updated(w, { signal }));
  const deleted = await coverage(remote.clock.now(), (w) => records.changes.deleted(w, { signal }));
  return Math.min(updated, deleted);
}

async function coverage(
  now: number,
  call: (window: Window) => Promise<UpdatedAnswer | DeletedAnswer>,
): Promise<number> {
  let end = floorMinute(now) + minuteMs;
  let span = dayMs;
  for (;;) {
    const start = end - span;
    try {
      const answer = await call({ start, end });
      // No word about coverage: believe only what lies before the span.
      return Math.min(coveredBy(answer) ?? start, floorMinute(now));
    } catch (error) {
      const tooMany = isAppError(error, 'EXCEEDED_ID_LIMIT');
      // A young org refuses a start before it was born; a shorter span mends that too.
      const refused = isAppError(error, 'INVALID_REPLICATION_DATE');
      if (!tooMany && !refused) throw error;
      if (span <= minuteMs) {
        if (tooMany) return start;
        if (end <= floorMinute(now)) throw error;
        // Neither span with an end in the future was accepted: this org wants an end in the past.
        end = floorMinute(now);
        span = dayMs;
        continue;
      }
      span = Math.max(minuteMs, floorMinute(span / 2));
    }
  }
}
