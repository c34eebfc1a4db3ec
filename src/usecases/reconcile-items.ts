import { errorInfoOf } from '../contract/error-info-of.ts';
import type { ReconcileCompleteEvent } from '../contract/progress.ts';
import type { ReconcileItem } from '../contract/reconcile.ts';
import type { ReconcileEnd } from '../contract/reconcile-totals.ts';
import type { Journal } from '../sync/ports/journal.ts';
import type { ReconcileReport } from '../sync/reconcile/reconcile.ts';
import { parseReconcileState } from '../sync/reconcile/reconcile-state.ts';
import { noTotals, totalsOf } from '../sync/reconcile/reconcile-totals.ts';
import { workedMs } from '../sync/reconcile/worked-ms.ts';

/** The report as surfaces have it. */
export function itemOf(
  { why: _why, failure, isFormer: _isFormer, ...rest }: ReconcileReport,
  former: ReconcileEnd | null,
): ReconcileItem {
  return { ...rest, former, error: failure === null ? null : errorInfoOf(failure) };
}

/** What one that is complete tells, without what is known of it besides. */
export function endOf(report: Omit<ReconcileItem, 'status' | 'former' | 'error'>): ReconcileEnd {
  const { cause, checked, missing, stale, ghosts, held, repaired, recalculated } = report;
  const { compared, durationMs, apiCalls, runId } = report;
  return {
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

/** The end of one that is complete, as an event. */
export function completeEventOf(
  report: Omit<ReconcileItem, 'status' | 'former' | 'error'>,
): ReconcileCompleteEvent {
  return { event: 'reconcile:complete', instanceUrl: report.instanceUrl, ...endOf(report) };
}

/** Of a run that another process has made, or this one before; null where it is not known any more. */
export async function storedEnd(
  journal: Pick<Journal, 'run' | 'steps'>,
  runId: string | null,
): Promise<ReconcileEnd | null> {
  const run = runId === null ? null : await journal.run(runId);
  if (run === null) return null;
  const { compared, ...totals } = totalsOf(run);
  return {
    cause: parseReconcileState(run)?.cause ?? 'asked',
    ...totals,
    compared,
    durationMs: workedMs(await journal.steps(run.id)),
    apiCalls: run.apiCalls,
    runId: run.id,
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
    former: null,
    error: null,
  };
}
