import { isAbort } from '../base/abort.ts';
import { isAppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { ReconcileItem, ReconcileOptions, ReconcileResult } from '../contract/reconcile.ts';
import type { ReconcileEnd } from '../contract/reconcile-totals.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { runCycle } from '../sync/cycle/cycle.ts';
import type { Journal } from '../sync/ports/journal.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { mendFuture } from '../sync/reconcile/mend-future.ts';
import type { ReconcileReport } from '../sync/reconcile/reconcile.ts';
import { reconcileAsked } from '../sync/reconcile/reconcile-asked.ts';
import { askWatch } from './ask-watch.ts';
import { syncOrgs } from './chosen-orgs.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';
import { type OrgLeases, takeOrgLease, underLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { completeEventOf, emptyItem, endOf, itemOf, storedEnd } from './reconcile-items.ts';
import { sideBySide } from './side-by-side.ts';

export interface ReconcileParts extends Omit<OrgDirectory, 'registry'>, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] & OrgLeases['mirrors'];
}

/** Compares mirrors with their orgs and repairs them; each under its org's lease. */
export async function reconcileOrgs(
  parts: ReconcileParts,
  options: ReconcileOptions,
  context: CallContext<ProgressEvent>,
): Promise<ReconcileResult> {
  const orgs = await syncOrgs(parts, options.orgs);
  return { orgs: await sideBySide(orgs, (org) => reconcileOne(parts, org, options, context)) };
}

async function reconcileOne(
  parts: ReconcileParts,
  org: OrgRecord,
  options: ReconcileOptions,
  context: CallContext<ProgressEvent>,
): Promise<ReconcileItem> {
  const { instanceUrl } = org;
  try {
    for (let askedId: string | null = null; ; ) {
      await using lease = await leaseOrOther(parts, instanceUrl, { hasAsked: askedId !== null });
      if (lease !== null) return await underOwnLease(parts, org, options, { ...context, lease, askedId });
      const left = await askWatch(parts, org, options, { ...context, askedId });
      if (left.item !== null) return left.item;
      askedId = left.askedId;
    }
  } catch (error) {
    const status = isAbort(error) ? 'interrupted' : 'failed';
    return { ...emptyItem(instanceUrl), status, dryRun: options.dryRun, error: errorInfoOf(error) };
  }
}

/**
 * Null where a watch has the org, which makes the reconcile then. Of several that a watch has left behind, one takes the
 * org; for the others that one is as good as the watch.
 */
async function leaseOrOther(
  parts: ReconcileParts,
  instanceUrl: string,
  { hasAsked }: { hasAsked: boolean },
): Promise<Lease | null> {
  try {
    return await takeOrgLease(parts, instanceUrl, 'reconcile');
  } catch (error) {
    if (!isAppError(error, 'ORG_BUSY')) throw error;
    const purpose = error.details?.purpose;
    if (purpose === 'watch' || (hasAsked && purpose === 'reconcile')) return null;
    throw error;
  }
}

interface OwnContext extends CallContext<ProgressEvent> {
  lease: Lease;
  /** Of the request, where it was made of a watch that has let go of the org since. */
  askedId: string | null;
}

interface Compared {
  report: ReconcileReport;
  former: ReconcileEnd | null;
}

async function underOwnLease(
  parts: ReconcileParts,
  org: OrgRecord,
  options: ReconcileOptions,
  { signal, onEvent, lease, askedId }: OwnContext,
): Promise<ReconcileItem> {
  const { report, former } = await underLease(lease, signal, (ended) =>
    compare(parts, org, options, { signal: ended, onEvent, lease, askedId }),
  );
  if (report.status === 'interrupted' && !signal.aborted) lease.lost.throwIfAborted();
  const item = itemOf(report, former);
  if (report.status === 'complete') onEvent(completeEventOf(item));
  return item;
}

async function compare(
  parts: ReconcileParts,
  org: OrgRecord,
  options: ReconcileOptions,
  { signal, onEvent, lease, askedId }: OwnContext,
): Promise<Compared> {
  const connect = () => connectOrg(parts, org, { signal, lease, onEvent: progressOf(onEvent) });
  if (!options.dryRun) {
    // A connection whose clock began at a time that the org has never had reads nothing more.
    await using first = await connect();
    if (!(await mendFuture(first.context, { signal }))) return await work(first);
  }
  await using connected = await connect();
  return await work(connected);

  async function work({ context, budget }: typeof connected): Promise<Compared> {
    const { dryRun, force } = options;
    const { journal } = context.mirror;
    const asked = askedId === null ? null : await journal.askedReconcile({ id: askedId });
    let former = await storedEnd(journal, asked?.formerRunId ?? null);
    const report = await reconcileAsked(context, {
      request: { id: askedId },
      onFormer: async (ended) => {
        former = endOf(ended);
        onEvent(completeEventOf(ended));
        if (asked !== null) await journal.noteAsked({ ...asked, formerRunId: ended.runId });
      },
      cause: 'asked',
      why: 'it was asked for',
      dryRun,
      force,
      callsLeft: () => budget.remaining(),
      fitsAfterMs: (calls) => budget.fitsAfterMs(calls),
      signal,
    });
    if (report.failure !== null) return { report, former };
    await endAsked(journal, { force, report, former, askedId });
    if (dryRun) return { report, former };
    // What changed since T0, which lies some minutes back at least.
    await runCycle(context, { push: false, signal });
    const { contacts } = await context.mirror.contacts.counts();
    return { report: { ...report, contacts }, former };
  }
}

/**
 * Those that were asked of a watch, which has let go of the org since, are made by this; where it went on with the one
 * that was made for its own request, that one alone: another may have been made behind it.
 */
async function endAsked(
  journal: Journal,
  { force, report, former, askedId }: Compared & { force: boolean; askedId: string | null },
): Promise<void> {
  const { runId, ids, dryRun, resumed } = report;
  const formerRunId = former?.runId ?? null;
  for (const asked of await journal.openReconciles()) {
    if (asked.dryRun !== dryRun || (asked.force && !force) || (resumed && asked.id !== askedId)) continue;
    await journal.noteAsked({ ...asked, state: 'ended', runId, ids, formerRunId });
  }
}
