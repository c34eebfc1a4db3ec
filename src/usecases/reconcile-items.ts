import { errorInfoOf } from '../contract/error-info-of.ts';
import type { ReconcileCompleteEvent } from '../contract/progress.ts';
import type { ReconcileItem } from '../contract/reconcile.ts';
import type { ReconcileReport } from '../sync/reconcile/reconcile.ts';
import { noTotals } from '../sync/reconcile/reconcile-totals.ts';

/** The report as surfaces have it. */
export function itemOf({ why: _why, failure, ...rest }: ReconcileReport): ReconcileItem {
  return { ...rest, error: failure === null ? null : errorInfoOf(failure) };
}

/** The end of one that is complete, as an event. */
export function completeEventOf(report: Omit<ReconcileItem, 'status' | 'error'>): ReconcileCompleteEvent {
  const { instanceUrl, cause, checked, missing, stale, ghosts, held, repaired, recalculated } = report;
  const { compared, durationMs, apiCalls, runId } = report;
  return {
    event: 'reconcile:complete',
    instanceUrl,
    cause,
    checked,
    missing,
    stale,
    ghosts,
    held,
    repaired,
    recalculated,
    compared: compared ?? { org: 0, mirror: 0 },
    durationMs,
    apiCalls,
    runId: runId ?? '',
  };
}

/** Of an org whose mirror was not compared. */
export function emptyItem(instanceUrl: string): ReconcileItem {
  return {
    instanceUrl,
    status: 'failed',
    dryRun: false,
    cause: 'asked',
    ...noTotals,
    contacts: null,
    compared: null,
    ids: null,
    apiCalls: 0,
    durationMs: 0,
    runId: null,
    resumed: false,
    error: null,
  };
}
