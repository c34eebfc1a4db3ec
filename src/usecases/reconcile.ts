import { isAbort } from '../base/abort.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { ReconcileItem, ReconcileOptions, ReconcileResult } from '../contract/reconcile.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { runCycle } from '../sync/cycle/cycle.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { mendFuture } from '../sync/reconcile/mend-future.ts';
import { type ReconcileReport, reconcile } from '../sync/reconcile/reconcile.ts';
import { noTotals } from '../sync/reconcile/reconcile-totals.ts';
import { syncOrgs } from './chosen-orgs.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';
import { type OrgLeases, takeOrgLease, underLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { completeEventOf, itemOf } from './reconcile-items.ts';
import { sideBySide } from './side-by-side.ts';

export interface ReconcileParts extends OrgDirectory, ConnectParts, OrgLeases {
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
  { signal, onEvent }: CallContext<ProgressEvent>,
): Promise<ReconcileItem> {
  try {
    await using lease = await takeOrgLease(parts, org.instanceUrl, 'reconcile');
    const report = await underLease(lease, signal, (ended) =>
      compare(parts, org, options, { signal: ended, onEvent, lease }),
    );
    if (report.status === 'interrupted' && !signal.aborted) lease.lost.throwIfAborted();
    if (report.status === 'complete') onEvent(completeEventOf(report));
    return itemOf(report);
  } catch (error) {
    return {
      instanceUrl: org.instanceUrl,
      status: isAbort(error) ? 'interrupted' : 'failed',
      dryRun: options.dryRun,
      cause: 'asked',
      ...noTotals,
      contacts: null,
      compared: null,
      ids: null,
      apiCalls: 0,
      durationMs: 0,
      runId: null,
      resumed: false,
      error: errorInfoOf(error),
    };
  }
}

async function compare(
  parts: ReconcileParts,
  org: OrgRecord,
  options: ReconcileOptions,
  { signal, onEvent, lease }: CallContext<ProgressEvent> & { lease: Lease },
): Promise<ReconcileReport> {
  const connect = () => connectOrg(parts, org, { signal, lease, onEvent: progressOf(onEvent) });
  if (!options.dryRun) {
    // A connection whose clock began at a time that the org has never had reads nothing more.
    await using first = await connect();
    if (!(await mendFuture(first.context, { signal }))) return await work(first);
  }
  await using connected = await connect();
  return await work(connected);

  async function work({ context, budget }: typeof connected): Promise<ReconcileReport> {
    const { dryRun, force } = options;
    const report = await reconcile(context, {
      cause: 'asked',
      why: 'it was asked for',
      dryRun,
      force,
      callsLeft: () => budget.remaining(),
      signal,
    });
    if (report.failure !== null || dryRun) return report;
    // What changed since T0, which lies some minutes back at least.
    await runCycle(context, { push: false, signal });
    return { ...report, contacts: (await context.mirror.contacts.counts()).contacts };
  }
}
