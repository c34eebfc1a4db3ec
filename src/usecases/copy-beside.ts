import { AppError, isAppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import type { BackfillOptions } from '../contract/backfill.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import { isSmallDifference } from '../contract/small-difference.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { isAsBegun } from '../sync/backfill/assert-as-begun.ts';
import { type BackfillReport, backfill } from '../sync/backfill/backfill.ts';
import { pendingChunks } from '../sync/backfill/first-copy-run.ts';
import { resumableCopy } from '../sync/backfill/resumable-copy.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { type ConnectedOrg, type ConnectParts, connectOrg } from './connect-org.ts';
import { entriesToKeep, refuseWithOpenEntries } from './open-entries.ts';
import { type OrgLeases, withDrainLease } from './org-lease.ts';
import { progressOf } from './progress-events.ts';
import { agreeOnTwoWay } from './two-way-of.ts';

/** What only a fresh copy mends, so one that ends so itself is nothing to go on with. */
const pastHelp = new Set(['CURSOR_OUT_OF_REACH', 'CURSOR_IN_FUTURE']);

/** What it takes to copy an org beside its mirror. */
export interface CopyParts extends ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] & Pick<Mirrors, 'fenceOf'>;
}

export interface CopyResult extends BackfillReport {
  /** Where the mirror lies that the copy took the place of; null where it took none. */
  archived: string | null;
}

/**
 * Copies the org into a file beside its mirror, or goes on with such a copy, and puts it in the mirror's place when it is
 * complete and agrees with the org. Until then the mirror stays as it is. The caller holds the org's lease.
 */
export async function copyBeside(
  parts: CopyParts,
  org: OrgRecord,
  options: BackfillOptions,
  { signal, onEvent, lease }: CallContext<ProgressEvent> & { lease: Lease },
): Promise<CopyResult> {
  const { instanceUrl } = org;
  const { mirrors } = parts;
  if (options.fresh && !options.force) await refuseWithOpenEntries(parts, instanceUrl);
  await dropUnusable(parts, instanceUrl, options, lease);
  let archived: string | null = null;
  const work = async (): Promise<BackfillReport> => {
    await using connected = await connectOrg(parts, org, {
      signal,
      onEvent: progressOf(onEvent),
      lease,
      beside: true,
    });
    return await backfill(connected.context, {
      api: options.api,
      concurrency: options.concurrency ?? undefined,
      fields: options.fields ?? undefined,
      callsLeft: () => connected.budget.remaining(),
      fitsAfterMs: (calls) => connected.budget.fitsAfterMs(calls),
      signal,
      beside: {
        withDrainLease: withDrainLease(parts, instanceUrl, signal),
        putInPlace: async (compared) => {
          archived = await putInPlace(parts, connected, compared, { lease, force: options.force, signal });
        },
      },
    });
  };
  let report = await work();
  if (report.error !== null && pastHelp.has(report.error.code)) {
    await mirrors.copies.remove(instanceUrl, lease);
    if (report.resumed) {
      parts.log.warn(
        `an interrupted fresh copy of ${instanceUrl} cannot be caught up with, and starts over`,
        {
          reason: report.error.message,
        },
      );
      report = await work();
    }
  }
  // Without a run there is nothing to go on with.
  if (report.status === 'complete' || report.runId === null) await mirrors.copies.remove(instanceUrl, lease);
  // What is counted is the mirror that readers have.
  return { ...report, contacts: report.status === 'complete' ? report.contacts : null, archived };
}

async function putInPlace(
  parts: CopyParts,
  connected: ConnectedOrg,
  compared: { org: number; mirror: number },
  options: { lease: Lease; force: boolean; signal: AbortSignal },
): Promise<string | null> {
  const { instanceUrl } = connected.org;
  const { mirrors, log } = parts;
  assertWhole(instanceUrl, compared);
  // One of another version, say, cannot be opened, and is put aside all the same.
  const before = (await entriesToKeep(parts, instanceUrl).catch(() => null)) ?? 0;
  const archive = await mirrors.copies.replaceMirror(instanceUrl, options);
  // One that was made anew, for the former could not be read, or was gone, knows nothing of what was set.
  await using mirror = await mirrors.open(instanceUrl, { create: false, ...options });
  await agreeOnTwoWay(parts, mirror, connected.org, { isNew: true });
  if (archive === null) return null;
  log.info(`the old mirror of ${instanceUrl} was put aside as ${archive.location}`);
  const left = before - ((await entriesToKeep(parts, instanceUrl)) ?? 0);
  if (left > 0)
    log.warn(
      `${left === 1 ? '1 entry' : `${left} entries`} of the old mirror's outbox could not be taken over, and ${left === 1 ? 'lies' : 'lie'} in ${archive.location} alone: it is damaged, or of another org`,
    );
  return archive.location;
}

function assertWhole(instanceUrl: string, compared: { org: number; mirror: number }): void {
  const { org, mirror } = compared;
  if (isSmallDifference(compared) && (mirror > 0 || org === 0)) return;
  throw new AppError(
    'COPY_DIFFERS',
    `${instanceUrl} counts ${org} contacts and its fresh copy holds ${mirror}; the mirror stays as it was.`,
    {
      hint: 'Run the same command again: it reads what changed meanwhile and compares anew.',
      details: compared,
    },
  );
}

/** A copy that cannot be gone on with, or (`--fresh`) is to be another one, makes room for a new one. */
async function dropUnusable(
  parts: CopyParts,
  instanceUrl: string,
  options: BackfillOptions,
  lease: Lease,
): Promise<void> {
  const { mirrors, log } = parts;
  if (!(await mirrors.copies.exists(instanceUrl))) return;
  if (await isUsable(parts, instanceUrl, options)) {
    log.warn(
      `an interrupted fresh copy of ${instanceUrl} goes on; the mirror stays as it is until the copy is complete`,
    );
    return;
  }
  log.warn(`an interrupted fresh copy of ${instanceUrl} cannot be gone on with as it is, and starts over`);
  await mirrors.copies.remove(instanceUrl, lease);
}

async function isUsable(
  { mirrors, clock, log }: CopyParts,
  instanceUrl: string,
  { fresh, api, fields }: BackfillOptions,
): Promise<boolean> {
  try {
    await using mirror = await mirrors.copies.open(instanceUrl, { create: false });
    const begun = await resumableCopy({ mirror, clock, log }, { beside: true });
    if (begun === null) return false;
    await pendingChunks({ mirror }, begun.run.id);
    // Without --fresh, what is asked for otherwise is refused, as for any interrupted backfill.
    return !fresh || isAsBegun(begun.state, { api, fields });
  } catch (error) {
    if (isAppError(error, 'MIRROR_CORRUPT', 'PROGRESS_UNREADABLE')) return false;
    throw error;
  }
}
