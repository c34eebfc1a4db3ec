import { isoTime } from '../base/iso-time.ts';
import type { RunView } from '../contract/runs.ts';
import type { FailingWatch, StatusItem } from '../contract/status.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { FailureNotes } from '../sync/ports/failure-notes.ts';
import type { LeaseHolder } from '../sync/ports/leases.ts';

/**
 * The last failure of a watch with an org; null where there was none, or where a run has come to its end since, or somebody
 * has logged in. `holder`: the watch that runs now. Another one's word of when it tries again is not believed: it may have
 * ended.
 */
export function failingOf(
  { failureNotes }: { failureNotes: Pick<FailureNotes, 'read'> },
  { instanceUrl, lastLoginAt }: OrgRecord,
  { item, holder }: { item: StatusItem; holder: Pick<LeaseHolder, 'pid' | 'since'> | null },
): FailingWatch | null {
  const note = failureNotes.read(instanceUrl);
  if (note === null) return null;
  const { code, message, hint, since, at, failures, retryAt, watch } = note;
  const isRunning = holder !== null && watch?.pid === holder.pid && watch.since === holder.since;
  const isOver = [item.lastBackfill, item.lastCycle, item.lastReconcile].some((run) =>
    endedWellAfter(run, at),
  );
  if (isOver || (!isRunning && lastLoginAt > at)) return null;
  return {
    ...{ code, message, hint, failures },
    since: new Date(since).toISOString(),
    lastAt: new Date(at).toISOString(),
    retryAt: isRunning ? isoTime(retryAt) : null,
  };
}

function endedWellAfter(run: RunView | null, at: number): boolean {
  return run?.status === 'complete' && run.finishedAt !== null && Date.parse(run.finishedAt) > at;
}
