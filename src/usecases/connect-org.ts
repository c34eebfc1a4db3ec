import type { Session } from '../auth/session.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, messageOf } from '../base/errors.ts';
import { withFinally } from '../base/finally.ts';
import type { Logger } from '../base/logger.ts';
import { differenceOf } from '../org/same-user.ts';
import { contact } from '../org/synced-object.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { ApiBudget } from '../sync/api-budget.ts';
import type { SyncContext } from '../sync/context.ts';
import type { SyncEvent } from '../sync/events.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirror } from '../sync/ports/mirror.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { Remote } from '../sync/ports/remote.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { type MovingOrgs, refuseWhileMoving } from './move-org.ts';
import type { OrgAccess } from './ports/org-access.ts';

/** An org with its session, its API client and its mirror, ready for a job. */
export interface ConnectedOrg extends AsyncDisposable {
  org: OrgRecord;
  remote: Remote;
  mirror: StoredMirror;
  context: SyncContext;
  budget: ApiBudget;
  /** Calls of the last day that are noted in the other file, where a fresh copy lies beside the mirror. */
  elsewhere?: () => Promise<number>;
}

type ConnectOptions = {
  signal: AbortSignal;
  onEvent?: (event: SyncEvent) => void;
} & (
  | {
      /** The org's, for whoever reads it into the mirror. */
      lease?: Lease;
      beside?: false;
    }
  | {
      lease: Lease;
      /** Work on the fresh copy beside the mirror, made where there is none. */
      beside: true;
    }
);

const hourMs = 3_600_000;

/** What it takes to connect an org. */
export interface ConnectParts extends OrgAccess, MovingOrgs {
  readonly mirrors: Pick<Mirrors, 'exists' | 'hasCopy' | 'open' | 'openCopy' | 'removeCopy'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: { readonly apiBudget: number; readonly stopBudgetMs: number };
}

export async function connectOrg(
  services: ConnectParts,
  org: OrgRecord,
  options: ConnectOptions,
): Promise<ConnectedOrg> {
  const { signal, onEvent = () => {} } = options;
  const beside = options.beside === true;
  const { clock, log } = services;
  await refuseWhileMoving(services, org);
  const session = await services.openSession(org, { signal });
  const opened: AsyncDisposable[] = [session];
  const close = async (): Promise<void> => {
    const part = opened.pop();
    if (part !== undefined) await withFinally(async () => part[Symbol.asyncDispose](), close);
  };
  try {
    const mirror = options.beside
      ? await openCopy(services, org, session, options)
      : await services.mirrors.open(org.instanceUrl, { create: true, lease: options.lease, signal });
    opened.push(mirror);
    await claimMirror(mirror, session);
    const elsewhere = () => callsElsewhere(services, org.instanceUrl, { beside, now: clock.now() });
    const share = org.budget ?? services.config.apiBudget;
    const ownCalls = (await callsOfLastDay(mirror, clock.now())) + (await elsewhere());
    const budget = new ApiBudget({ clock, share, ownCalls, instanceUrl: org.instanceUrl });
    const notBefore = await mirror.contacts.latestReadAt();
    const remote = await services.openRemote(session, { budget, notBefore });
    return {
      org,
      remote,
      mirror,
      budget,
      elsewhere,
      context: {
        object: contact,
        remote,
        records: remote.of(contact),
        mirror,
        clock,
        stopBudgetMs: services.config.stopBudgetMs,
        log,
        onEvent,
      },
      async [Symbol.asyncDispose]() {
        await noteCalls({ mirror, remote, budget, elsewhere }, services);
        await close();
      },
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function callsOfLastDay({ usage }: Pick<Mirror, 'usage'>, now: number): Promise<number> {
  return usage.callsSince(Math.floor((now - 24 * hourMs) / hourMs));
}

/** A share of the org's requests is one share, whichever of the two files notes them. */
async function callsElsewhere(
  { mirrors }: Pick<ConnectParts, 'mirrors'>,
  instanceUrl: string,
  { beside, now }: { beside: boolean; now: number },
): Promise<number> {
  const isThere = beside ? mirrors.exists(instanceUrl) : mirrors.hasCopy(instanceUrl);
  if (!(await isThere)) return 0;
  try {
    const open = beside ? mirrors.open : mirrors.openCopy;
    await using other = await open.call(mirrors, instanceUrl, { create: false });
    return await callsOfLastDay(other, now);
  } catch {
    // A mirror that cannot be read is why a fresh copy is made.
    return 0;
  }
}

/** A copy that was begun as another user than the session's can never be gone on with. */
async function openCopy(
  services: Pick<ConnectParts, 'mirrors' | 'log'>,
  { instanceUrl }: OrgRecord,
  session: Session,
  { lease, signal }: { lease: Lease; signal: AbortSignal },
): Promise<StoredMirror> {
  const { mirrors, log } = services;
  const options = { create: true, lease, signal };
  const copy = await mirrors.openCopy(instanceUrl, options);
  const known = await copy.identity();
  if (known === null || differenceOf(known, session) === null) return copy;
  await copy[Symbol.asyncDispose]();
  log.warn(`the interrupted fresh copy of ${instanceUrl} is another org's or user's, and starts over`);
  await mirrors.removeCopy(instanceUrl, lease);
  return mirrors.openCopy(instanceUrl, options);
}

/** Notes what this process has called, for the budget and `status` of later ones, and lets old calls pass out of it. */
export async function saveCalls(
  { mirror, remote, budget, elsewhere }: Pick<ConnectedOrg, 'mirror' | 'remote' | 'budget' | 'elsewhere'>,
  now: number,
): Promise<void> {
  const calls = budget.takeUnsaved();
  if (calls > 0) {
    await mirror.usage.addCalls(Math.floor(now / hourMs), calls);
    const usage = remote.usage.reported();
    if (usage !== null) await mirror.usage.saveReported(usage);
  }
  budget.recount((await callsOfLastDay(mirror, now)) + ((await elsewhere?.()) ?? 0));
}

/** The same at the end of work, whose own error must not be hidden by one of this bookkeeping. Never throws. */
export async function noteCalls(
  connected: Pick<ConnectedOrg, 'mirror' | 'remote' | 'budget' | 'elsewhere'>,
  { clock, log }: Pick<ConnectParts, 'clock' | 'log'>,
): Promise<void> {
  try {
    await saveCalls(connected, clock.now());
  } catch (error) {
    log.debug('the API calls could not be noted in the mirror', { reason: messageOf(error) });
  }
}

/** The mirror knows whose view of which org it is; another org or user must not write into it. */
async function claimMirror(mirror: StoredMirror, session: Session): Promise<void> {
  const { orgId, userId, instanceUrl } = session;
  if (!(await assertSameUser(mirror, session))) await mirror.setIdentity({ orgId, userId, instanceUrl });
}

/** Throws `ORG_CHANGED` or `OTHER_USER`; false where the mirror is nobody's yet. */
export async function assertSameUser(mirror: StoredMirror, session: Session): Promise<boolean> {
  const { orgId, userId, instanceUrl } = session;
  const known = await mirror.identity();
  if (known === null) return false;
  const difference = differenceOf(known, session);
  if (difference === 'org') {
    throw new AppError(
      'ORG_CHANGED',
      `${instanceUrl} is now another org than the one its mirror was made from.`,
      {
        hint: 'A refreshed sandbox is a new org: `parahack-sync backfill --fresh` archives the old mirror and starts over.',
        details: { mirrorOrgId: known.orgId, orgId },
      },
    );
  }
  if (difference === 'user') {
    throw new AppError('OTHER_USER', `The mirror of ${instanceUrl} was made as another user.`, {
      hint: 'Log in as that user again, or use `login --replace-user` and then `backfill --fresh`.',
      details: { mirrorUserId: known.userId, userId },
    });
  }
  return true;
}
