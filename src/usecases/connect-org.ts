import type { Session } from '../auth/session.ts';
import type { Clock } from '../base/clock.ts';
import { CloseStack } from '../base/close-stack.ts';
import { AppError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { differenceOf } from '../org/same-user.ts';
import { contact } from '../org/synced-object.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import type { BatchSizes } from '../sync/batch-sizes.ts';
import { ApiBudget } from '../sync/budget/api-budget.ts';
import { ledgerIdOf } from '../sync/budget/ledger-id.ts';
import { takeOverCalls } from '../sync/budget/take-over-calls.ts';
import type { SyncContext } from '../sync/context.ts';
import type { SyncEvent } from '../sync/events.ts';
import type { CallLedger } from '../sync/ports/call-ledger.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { Remote } from '../sync/ports/remote.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { type MovingOrgs, refuseWhileMoving } from './move-org.ts';
import type { OrgAccess } from './ports/org-access.ts';
import { orSessionWithoutLogin } from './session-without-login.ts';
import { agreeOnTwoWay } from './two-way-of.ts';

/** An org with its session, its API client and its mirror, ready for a job. */
export interface ConnectedOrg extends AsyncDisposable {
  org: OrgRecord;
  remote: Remote;
  mirror: StoredMirror;
  context: SyncContext;
  budget: ApiBudget;
  /** As Salesforce tells it, known of an org of the environment too. */
  orgId: string;
  /** Whose session it is. */
  userId: string;
  /** This tool's share of the org's daily API requests, 0 to 1. */
  share: number;
}

type ConnectOptions = {
  signal: AbortSignal;
  onEvent?: (event: SyncEvent) => void;
  /** Also where the org has no usable grant: each call fails with that `LOGIN_REQUIRED` then. */
  orWithoutLogin?: boolean;
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

/** What it takes to connect an org. */
export interface ConnectParts extends OrgAccess, MovingOrgs {
  readonly registry: MovingOrgs['registry'] & Pick<Registry, 'update'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open' | 'copies' | 'twoWay'>;
  readonly calls: CallLedger;
  readonly clock: Clock;
  readonly sizes: BatchSizes;
  readonly log: Logger;
  readonly config: { readonly apiBudget: number; readonly stopBudgetMs: number };
}

export async function connectOrg(
  parts: ConnectParts,
  org: OrgRecord,
  options: ConnectOptions,
): Promise<ConnectedOrg> {
  const { signal, onEvent = () => {} } = options;
  const { clock, log } = parts;
  await refuseWhileMoving(parts, org);
  return CloseStack.opening(async (opened) => {
    const session = opened.use(
      options.orWithoutLogin
        ? await orSessionWithoutLogin(parts, org, { signal })
        : await parts.openSession(org, { signal }),
    );
    const mirror = opened.use(
      options.beside
        ? await openCopy(parts, org, session, options)
        : await parts.mirrors.open(org.instanceUrl, { create: true, lease: options.lease, signal }),
    );
    const isNew = await claimMirror(mirror, session);
    if (!options.beside) await agreeOnTwoWay(parts, mirror, org, { isNew });
    const budget = budgetOf(parts, org, session);
    opened.defer(() => settleCalls(budget, parts));
    await takeOverCalls(mirror, {
      ledger: parts.calls,
      ledgerId: ledgerIdOf(session.orgId),
      now: clock.now(),
    });
    const notBefore = await mirror.contacts.latestReadAt();
    const remote = await parts.openRemote(session, { budget, notBefore });
    return {
      org,
      remote,
      mirror,
      budget,
      orgId: session.orgId,
      userId: session.userId,
      share: org.budget ?? parts.config.apiBudget,
      context: {
        object: contact,
        remote,
        records: remote.of(contact),
        mirror,
        clock,
        stopBudgetMs: parts.config.stopBudgetMs,
        sizes: parts.sizes,
        log,
        onEvent,
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });
}

/** The calls of an org, held to the share that this installation may take of them. */
export function budgetOf(
  { calls, clock, config }: Pick<ConnectParts, 'calls' | 'clock' | 'config'>,
  { budget, instanceUrl }: OrgRecord,
  { orgId }: Pick<Session, 'orgId'>,
): ApiBudget {
  return new ApiBudget({ ledger: calls, orgId, instanceUrl, clock, share: budget ?? config.apiBudget });
}

/** A copy that was begun as another user than the session's can never be gone on with. */
async function openCopy(
  parts: Pick<ConnectParts, 'mirrors' | 'log'>,
  { instanceUrl }: OrgRecord,
  session: Session,
  { lease, signal }: { lease: Lease; signal: AbortSignal },
): Promise<StoredMirror> {
  const { mirrors, log } = parts;
  const options = { create: true, lease, signal };
  const copy = await mirrors.copies.open(instanceUrl, options);
  const known = await copy.identity();
  if (known === null || differenceOf(known, session) === null) return copy;
  await copy[Symbol.asyncDispose]();
  log.warn(`the interrupted fresh copy of ${instanceUrl} is another org's or user's, and starts over`);
  await mirrors.copies.remove(instanceUrl, lease);
  return mirrors.copies.open(instanceUrl, options);
}

/** Gives back what a piece of work has reserved and not needed. Never throws: its own error must not be hidden by this. */
export async function settleCalls(budget: ApiBudget, { log }: Pick<ConnectParts, 'log'>): Promise<void> {
  try {
    await budget.settle();
  } catch (error) {
    log.debug('the API calls that were not needed could not be given back', { reason: messageOf(error) });
  }
}

/** The mirror knows whose view of which org it is; another org or user must not write into it. Whether it was nobody's. */
async function claimMirror(mirror: StoredMirror, session: Session): Promise<boolean> {
  const { orgId, userId, instanceUrl } = session;
  if (await assertSameUser(mirror, session)) return false;
  await mirror.setIdentity({ orgId, userId, instanceUrl });
  return true;
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
      hint: 'Log in as that user again, or use `parahack-sync login --client-id ID --replace-user`: all contacts are then compared with what that user may see.',
      details: { mirrorUserId: known.userId, userId },
    });
  }
  return true;
}
