import { isAbort } from '../base/abort.ts';
import { isAppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import type { BackfillItem, BackfillOptions, BackfillResult } from '../contract/backfill.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { backfill } from '../sync/backfill/backfill.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { syncOrgs } from './chosen-orgs.ts';
import { connectOrg } from './connect-org.ts';
import { type CopyParts, type CopyResult, copyBeside } from './copy-beside.ts';
import { takeLeftOrgLease, underLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { reconcileAfterCopy } from './reconcile-after-copy.ts';
import { sideBySide } from './side-by-side.ts';
import { removeSpentCopy } from './spent-copy.ts';

export interface BackfillParts extends Omit<OrgDirectory, 'registry'>, CopyParts {}

export async function backfillOrgs(
  parts: BackfillParts,
  options: BackfillOptions,
  context: CallContext<ProgressEvent>,
): Promise<BackfillResult> {
  const orgs = await syncOrgs(parts, options.orgs, { all: options.all });
  return { orgs: await sideBySide(orgs, (org) => backfillOne(parts, org, options, context)) };
}

async function backfillOne(
  parts: BackfillParts,
  org: OrgRecord,
  options: BackfillOptions,
  { signal, onEvent }: CallContext<ProgressEvent>,
): Promise<BackfillItem> {
  try {
    const onWait = () => onEvent({ event: 'org:waiting', instanceUrl: org.instanceUrl });
    await using lease = await takeLeftOrgLease(parts, org, 'backfill', { signal, onWait });
    const report = await underLease(lease, signal, (ended) =>
      copy(parts, org, options, { signal: ended, onEvent, lease }),
    );
    if (report.status === 'interrupted' && !signal.aborted) lease.lost.throwIfAborted();
    if (report.status === 'complete' && report.runId !== null) {
      const { instanceUrl, contacts, durationMs, apiCalls, runId } = report;
      onEvent({
        event: 'backfill:complete',
        instanceUrl,
        contacts: contacts ?? 0,
        durationMs,
        apiCalls,
        runId,
      });
    }
    const { failure, ...rest } = report;
    return { ...rest, error: failure === null ? null : errorInfoOf(failure) };
  } catch (error) {
    return {
      instanceUrl: org.instanceUrl,
      status: isAbort(error) ? 'interrupted' : 'failed',
      api: null,
      contacts: null,
      inserted: 0,
      updated: 0,
      chunks: 0,
      apiCalls: 0,
      durationMs: 0,
      contactsPerSecond: null,
      runId: null,
      resumed: false,
      compared: null,
      archived: null,
      error: errorInfoOf(error),
    };
  }
}

/** Into the mirror itself, or beside it where it is to be replaced or such a copy was interrupted. */
async function copy(
  parts: BackfillParts,
  org: OrgRecord,
  options: BackfillOptions,
  { signal, onEvent, lease }: CallContext<ProgressEvent> & { lease: Lease },
): Promise<CopyResult> {
  const { mirrors } = parts;
  const { instanceUrl } = org;
  await removeSpentCopy(parts, instanceUrl, lease);
  if ((await mirrors.copies.exists(instanceUrl)) || (options.fresh && (await mirrors.exists(instanceUrl)))) {
    const copied = await copyBeside(parts, org, options, { signal, onEvent, lease });
    return await comparedInPlace(parts, org, copied, { signal, onEvent, lease });
  }
  await using connected = await connectOrg(parts, org, { signal, lease, onEvent: progressOf(onEvent) });
  const report = await backfill(connected.context, {
    api: options.api,
    concurrency: options.concurrency ?? undefined,
    fields: options.fields ?? undefined,
    callsLeft: () => connected.budget.remaining(),
    fitsAfterMs: (calls) => connected.budget.fitsAfterMs(calls),
    signal,
  });
  return { ...(await reconcileAfterCopy(connected, report, { tell: onEvent, signal })), archived: null };
}

/**
 * What still differs from the org after several cycles is no change of the moment: sharing may have changed since an
 * interrupted copy was read. The copy keeps its place whatever comes of the comparison.
 */
async function comparedInPlace(
  parts: BackfillParts,
  org: OrgRecord,
  copied: CopyResult,
  { signal, onEvent, lease }: CallContext<ProgressEvent> & { lease: Lease },
): Promise<CopyResult> {
  const { status, compared, archived } = copied;
  if (status !== 'complete' || compared === null || compared.org === compared.mirror) return copied;
  try {
    await using connected = await connectOrg(parts, org, { signal, lease, onEvent: progressOf(onEvent) });
    return { ...(await reconcileAfterCopy(connected, copied, { tell: onEvent, signal })), archived };
  } catch (error) {
    if (!isAbort(error) && !isAppError(error)) throw error;
    if (isAppError(error))
      parts.log.warn(
        `what differs after the copy of ${org.instanceUrl} could not be compared: ${error.message}`,
      );
    return copied;
  }
}
