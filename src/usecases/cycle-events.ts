import { isoTime } from '../base/iso-time.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { CycleCompleteEvent, PushCompleteEvent } from '../contract/watch.ts';
import type { CyclePush, CycleReport, PushReport } from '../sync/cycle/cycle.ts';

export function cycleCompleted(instanceUrl: string, report: CycleReport): CycleCompleteEvent {
  const { push, outbox, coveredUntil, ...pulled } = report;
  return {
    event: 'cycle:complete',
    instanceUrl,
    ...pulled,
    ...sent(push, outbox),
    coveredUntil: isoTime(coveredUntil),
  };
}

export function pushCompleted(instanceUrl: string, { push, outbox, ...done }: PushReport): PushCompleteEvent {
  return { event: 'push:complete', instanceUrl, ...done, ...sent(push, outbox) };
}

/** Whether anything was sent, or was to be and still waits for more than a word about an earlier entry. */
export function isPushNews(push: CyclePush): boolean {
  const { pushed, rejected, inDoubt, conflicts, held, error } = push;
  const waits = push.unsent - Object.values(push.behind).reduce((sum, entries) => sum + entries);
  return pushed + rejected + inDoubt + conflicts + held + waits > 0 || error !== null;
}

/** Key by key: what else the report holds is the watch's own. */
function sent(push: CycleReport['push'], outbox: CycleReport['outbox']) {
  const { pushed, rejected, inDoubt, conflicts, held, unsent, behind, doubts, error } = push;
  return {
    pushed,
    rejected,
    inDoubt,
    conflicts,
    held,
    unsent,
    behind: { conflicts: behind.conflict, held: behind.held, inDoubt: behind['in-doubt'] },
    doubts,
    pushError: error === null ? null : errorInfoOf(error),
    outbox: {
      pending: outbox.pending,
      rejected: outbox.rejected,
      inDoubt: outbox['in-doubt'] + outbox.sent,
      held: outbox.held,
      conflicts: outbox.conflict,
    },
  };
}
