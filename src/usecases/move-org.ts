import type { CredentialStore } from '../auth/credential-store.ts';
import { loginCommand } from '../auth/grant/login-command.ts';
import { CloseStack } from '../base/close-stack.ts';
import { AppError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { type OrgLeases, takeOrgLease } from './org-lease.ts';
import type { Logins } from './ports/logins.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

interface HalfMoved extends Pick<OrgDirectory, 'registry'> {
  readonly mirrors: Pick<Mirrors, 'exists'>;
}

/** What tells whether an org is being moved. */
export interface MovingOrgs extends HalfMoved, Pick<OrgDirectory, 'hasProcessOrg'> {}

/** Where an org's address stands. */
export interface MoveParts {
  readonly registry: OrgDirectory['registry'] & Pick<Registry, 'move'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'set' | 'delete'>;
  readonly logins: Pick<Logins, 'whileUnchanged'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open' | 'move' | 'location'>;
}

/** The leases of an org's old and new address. */
export interface MoveLeases extends AsyncDisposable {
  from: Lease;
  to: Lease;
}

/** Holds both addresses of an org while its files move. Throws `ORG_BUSY`, or `MIRROR_EXISTS` before anything is done. */
export async function moveLeases(
  parts: OrgLeases & { readonly mirrors: Pick<Mirrors, 'exists' | 'location'> },
  from: string,
  to: string,
): Promise<MoveLeases> {
  const { mirrors } = parts;
  if ((await mirrors.exists(from)) && (await mirrors.exists(to))) {
    throw new AppError('MIRROR_EXISTS', `There is a mirror for ${to} already, beside the one for ${from}.`, {
      hint: `Move ${mirrors.location(to)} away, then log in with --move again.`,
      details: { from: mirrors.location(from), to: mirrors.location(to) },
    });
  }
  return CloseStack.opening(async (held) => ({
    from: held.use(await takeOrgLease(parts, from, 'login --move')),
    to: held.use(await takeOrgLease(parts, to, 'login --move')),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  }));
}

/**
 * Gives an org its new address. The caller holds its leases and has noted that address in the registry as the one to
 * call, so that a move that is killed is known (`isHalfMoved`): until the mirror has its new name all is as it was, from
 * then on the next command goes on. The registry is last, for it says where the rest lies.
 */
export async function moveOrg(
  parts: MoveParts,
  { instanceUrl: from, orgId }: Pick<OrgRecord, 'instanceUrl' | 'orgId'>,
  to: string,
  leases: MoveLeases,
): Promise<void> {
  const { credentials, logins, mirrors, registry } = parts;
  if (await mirrors.exists(from)) {
    await using mirror = await mirrors.open(from, { create: false, lease: leases.from });
    const identity = await mirror.identity();
    if (identity !== null) await mirror.setIdentity({ ...identity, instanceUrl: to });
  }
  // A renewal in between would leave one of the two copies behind.
  await logins.whileUnchanged(orgId, async (held) => {
    const credential = await credentials.get(from);
    await held.confirm();
    if (credential !== null) await credentials.set({ ...credential, instanceUrl: to });
    await mirrors.move(from, to, [leases.from, leases.to]);
    // What lies there now may be newer than what was copied: whoever goes on with this move takes it along.
    await held.confirm();
    if (credential !== null) await credentials.delete(from);
    await registry.move(from, to);
  });
}

/** Whether a move of the org was killed, or is under way, behind the mirror's new name. */
export async function isHalfMoved(
  { mirrors, registry }: HalfMoved,
  from: string,
  to: string,
): Promise<boolean> {
  if (from === to || (await mirrors.exists(from))) return false;
  // The registry is asked last, as it is changed last: a move that ends just now is none that was killed.
  return (await mirrors.exists(to)) && (await registry.get(to)) === null;
}

/** Goes on with moves that were killed. Never throws: whatever is wrong meets the command itself as well. */
export async function finishMoves(
  parts: OrgDirectory & OrgLeases & MoveParts & { readonly log: Logger },
): Promise<void> {
  const { log } = parts;
  if (parts.hasProcessOrg || !(await parts.hasRegistry())) return;
  try {
    for (const org of await parts.registry.list()) {
      const { instanceUrl, apiUrl } = org;
      if (!(await isHalfMoved(parts, instanceUrl, apiUrl))) continue;
      await using leases = await moveLeases(parts, instanceUrl, apiUrl);
      // Whoever was moving it may have ended just now.
      if ((await parts.registry.get(instanceUrl)) === null) continue;
      await moveOrg(parts, org, apiUrl, leases);
      log.warn(
        `${instanceUrl} had not moved to ${apiUrl} altogether, because a login was interrupted; it has now`,
      );
    }
  } catch (error) {
    log.debug('an interrupted move could not be ended', { reason: messageOf(error) });
  }
}

/** Throws `ORG_BUSY` where another process is moving the org: a mirror made now would be a second one. */
export async function refuseWhileMoving(parts: MovingOrgs, org: OrgRecord): Promise<void> {
  const { instanceUrl, apiUrl } = org;
  if (parts.hasProcessOrg || !(await isHalfMoved(parts, instanceUrl, apiUrl))) return;
  throw new AppError('ORG_BUSY', `${instanceUrl} is being moved to ${apiUrl}.`, {
    hint: `Try again in a moment; if it stays, run: ${loginCommand(apiUrl, org)} --move`,
  });
}
