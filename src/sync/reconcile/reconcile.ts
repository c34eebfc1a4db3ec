import { isAbort } from '../../base/abort.ts';
import type { SyncContext } from '../context.ts';
import { fillNewFields } from '../cycle/fill-fields.ts';
import type { ReconcileCause } from '../events.ts';
import type { DifferingIds } from '../ports/differing-ids.ts';
import type { RunError } from '../ports/run.ts';
import { runErrorOf } from '../run-recorder.ts';
import { withinRun } from '../with-run.ts';
import { finishReconcile } from './finish-reconcile.ts';
import { type PlannedReconcile, type PlanReconcileOptions, planReconcile } from './plan-reconcile.ts';
import { noTotals, type ReconcileTotals, totalsOf } from './reconcile-totals.ts';
import { sweepAll } from './sweep.ts';

export interface ReconcileOptions extends PlanReconcileOptions {
  /** Lifts the brake: rows that are not found are removed however many they are. */
  force: boolean;
  /** See CycleOptions. */
  leavesFill?: boolean;
}

export interface ReconcileReport extends ReconcileTotals {
  instanceUrl: string;
  status: 'complete' | 'interrupted' | 'failed';
  cause: ReconcileCause;
  why: string;
  dryRun: boolean;
  /** COUNT() and live rows of the mirror at the beginning; null where it did not come to that. */
  compared: { org: number; mirror: number } | null;
  /** Live rows in the mirror; null where it cannot be read. */
  contacts: number | null;
  /** Of the whole run, in however many processes it was made. */
  apiCalls: number;
  /** The same; what a killed process had not stored yet is not in it. */
  durationMs: number;
  runId: string | null;
  resumed: boolean;
  /** It went on with one that is older than what was asked for. */
  isFormer: boolean;
  /** Of a dry run. */
  ids: DifferingIds | null;
  error: RunError | null;
  /** What was thrown, for whoever decides on it; null where all is well. */
  failure: unknown;
}

/**
 * Compares every Id and SystemModstamp with the org and repairs the mirror; goes on with one that was interrupted. The
 * mirror has had its first copy, and the caller holds the org's lease. Never throws.
 */
export async function reconcile(context: SyncContext, options: ReconcileOptions): Promise<ReconcileReport> {
  const { clock, remote, log } = context;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.usage.sent();
  let planned: PlannedReconcile | null = null;
  let ids: DifferingIds | null = null;
  let failure: unknown = null;
  try {
    planned = await planReconcile(context, options);
    tellStart(context, planned);
    ids = await work(context, planned, options);
  } catch (error) {
    failure = error;
    if (!isAbort(error)) log.debug('reconcile failed', { error: String(error) });
  }
  return {
    instanceUrl: remote.instanceUrl,
    status: failure === null ? 'complete' : isAbort(failure) ? 'interrupted' : 'failed',
    cause: planned?.state.cause ?? options.cause,
    why: planned?.state.why ?? options.why,
    dryRun: options.dryRun,
    ...(await counted(context, planned)),
    apiCalls: (planned?.before.apiCalls ?? 0) + remote.usage.sent() - callsAtStart,
    durationMs: Math.round((planned?.before.workedMs ?? 0) + clock.monotonicMs() - startedAt),
    runId: planned?.runId ?? null,
    resumed: planned?.isResumed ?? false,
    isFormer: planned?.isFormer ?? false,
    ids,
    error: failure === null ? null : runErrorOf(failure),
    failure,
  };
}

async function work(
  context: SyncContext,
  { runId, state }: PlannedReconcile,
  { force, leavesFill = false, signal }: ReconcileOptions,
): Promise<DifferingIds | null> {
  const ids = await withinRun(context, runId, async (run) => {
    if (!state.swept) await sweepAll(context, run, state, signal);
    return finishReconcile(context, run, { state, force, signal });
  });
  // Columns that came with the describe of this run; a run of its own, as after a cycle.
  if (!state.dryRun && !leavesFill) await fillNewFields(context, { signal });
  return ids;
}

function tellStart({ onEvent, remote }: SyncContext, { runId, state, isResumed }: PlannedReconcile): void {
  const { cause, why, api, total, dryRun } = state;
  const { instanceUrl } = remote;
  onEvent({
    type: 'reconcile:start',
    instanceUrl,
    runId,
    cause,
    why,
    api,
    total,
    resumed: isResumed,
    dryRun,
  });
}

type Counted = ReconcileTotals & Pick<ReconcileReport, 'compared' | 'contacts'>;

/** What the journal tells of the run, in whichever processes it was made; the mirror that failed may be unreadable. */
async function counted({ mirror }: SyncContext, planned: PlannedReconcile | null): Promise<Counted> {
  try {
    const { contacts } = await mirror.contacts.counts();
    const run = planned && (await mirror.journal.run(planned.runId));
    return { ...(run === null ? { ...noTotals, compared: null } : totalsOf(run)), contacts };
  } catch {
    return { ...noTotals, compared: null, contacts: null };
  }
}
