import type { Credential } from '../auth/credential.ts';
import type { CredentialStore } from '../auth/credential-store.ts';
import { lossOfReplacing } from '../auth/grant/grant-replacement.ts';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CallContext } from '../contract/app.ts';
import type { LoginEvent, LoginOptions, LoginResult } from '../contract/login.ts';
import { sameId } from '../org/record-id.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { checkAlias, checkAliasFree } from '../orgs/rules/alias.ts';
import { planLogin } from '../orgs/rules/plan-login.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { isHalfMoved, type MoveParts, moveLeases, moveOrg } from './move-org.ts';
import { type OrgLeases, withDrainLease } from './org-lease.ts';
import type { Logins } from './ports/logins.ts';
import { withTwoWayOfMirror } from './two-way-of.ts';

export interface LoginParts extends OrgLeases, MoveParts {
  readonly mirrors: MoveParts['mirrors'] & OrgLeases['mirrors'] & Pick<Mirrors, 'twoWay'>;
  readonly registry: MoveParts['registry'] & Pick<Registry, 'put' | 'update'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'set' | 'delete' | 'probeWritable'>;
  readonly logins: Pick<Logins, 'obtain' | 'keep' | 'revoke' | 'whileUnchanged'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** Gets a grant by the chosen flow, stores it, and connects the org. */
export async function login(
  parts: LoginParts,
  options: LoginOptions,
  context: CallContext<LoginEvent>,
): Promise<LoginResult> {
  const { registry, credentials } = parts;
  // All are tried before anyone is sent through a login that could not be kept.
  if (options.alias !== null) checkAlias(options.alias);
  await registry.list();
  await credentials.probeWritable();
  const credential = await parts.logins.obtain(options, context);
  let isStored = false;
  const onStored = () => {
    isStored = true;
  };
  try {
    return await connect(parts, credential, options, { signal: context.signal, onStored });
  } catch (error) {
    // A grant that is not kept would still be one of the five that Salesforce keeps for this user and app. One that is
    // stored has taken the place of the former, which is revoked by now: without it the org would have none.
    if (!isStored) await parts.logins.revoke(credential).catch(() => {});
    throw error;
  }
}

/** Keeps a fresh login and connects its org. Throws where the org is not the one that was connected. */
async function connect(
  parts: LoginParts,
  credential: Credential,
  options: LoginOptions,
  { signal, onStored }: { signal: AbortSignal; onStored: () => void },
): Promise<LoginResult> {
  const { registry, log } = parts;
  const plan = planLogin(await registry.list(), credential, { replaceUser: options.replaceUser });
  const known = plan.kind === 'new' ? null : plan.org;
  const isElsewhere = known !== null && known.instanceUrl !== credential.instanceUrl;
  const moves =
    isElsewhere &&
    (options.move === true || (await isHalfMoved(parts, known.instanceUrl, credential.instanceUrl)));
  // An org is connected once, under the address that it came by, until the user moves it.
  const kept: Credential = isElsewhere ? { ...credential, instanceUrl: known.instanceUrl } : credential;
  if (isElsewhere && !moves) {
    log.warn(
      `${credential.instanceUrl} is the org that is connected as ${known.instanceUrl}: calls go to the new address from now on, its name and its files stay; add --move to take them along`,
    );
  }
  await using leases = moves ? await moveLeases(parts, known.instanceUrl, credential.instanceUrl) : null;
  await allowReplacing(parts, kept, known, options);
  // Keeping the new grant ends the old one, so nothing may be wrong from here on.
  if (options.alias !== null) checkAliasFree(options.alias, await registry.list(), kept.instanceUrl);
  let org = recordOf(parts, kept, options, known);
  const register = async () => {
    org = await registered(parts, org, options, known);
    if (options.replaceUser) await replaceUserOf(parts, org);
    if (leases !== null) await moveOrg(parts, org, credential.instanceUrl, leases);
  };
  const keep = async () => {
    let isStored = false;
    try {
      const { revokedOld } = await parts.logins.keep(kept, {
        signal,
        replaces: moves ? [credential.instanceUrl] : [],
        onStored: () => {
          isStored = true;
          onStored();
        },
      });
      if (revokedOld?.status === 'failed') {
        log.warn(
          'the former login could not be revoked at Salesforce; it ends by itself when it is not used',
        );
      }
    } catch (error) {
      // The registry says what the store holds, also where the former login's end was not waited for.
      if (isStored) await register().catch(() => {});
      throw error;
    }
    await register();
  };
  // Waited for before anything is changed: nobody sends while the files move.
  await (moves ? withDrainLease(parts, known.instanceUrl, signal)(keep) : keep());
  const { apiUrl, orgId, userId, username, alias, sync, grant } = org;
  const instanceUrl = moves ? credential.instanceUrl : org.instanceUrl;
  return {
    org: { instanceUrl, apiUrl, orgId, userId, username, alias, sync, grant },
    movedFrom: moves ? known.instanceUrl : null,
  };
}

/** Keeping a login revokes the one before it; one that renews itself is only given up on the user's word. */
async function allowReplacing(
  { credentials }: Pick<LoginParts, 'credentials'>,
  fresh: Credential,
  known: OrgRecord | null,
  { replaceGrant, replaceUser, confirm }: LoginOptions,
): Promise<void> {
  if (replaceGrant) return;
  const former =
    (await credentials.get(fresh.instanceUrl)) ?? (known && (await credentials.get(known.instanceUrl)));
  const isOtherUser = former !== null && !sameId(former.userId, fresh.userId);
  // The user was asked about already.
  if (isOtherUser && replaceUser && fresh.grant !== 'access-token') return;
  const loss = lossOfReplacing(former, fresh);
  if (loss === null) return;
  const message = `The login of ${fresh.instanceUrl} would be replaced: ${loss}.`;
  if (confirm !== undefined && (await confirm(`${message} Replace it?`))) return;
  throw new AppError('GRANT_REPLACED', message, {
    hint: 'The former login is kept. Add --replace-grant to give it up.',
    details: { instanceUrl: fresh.instanceUrl, grant: former?.grant ?? null, newGrant: fresh.grant },
  });
}

function recordOf(
  parts: LoginParts,
  credential: Credential,
  options: LoginOptions,
  known: OrgRecord | null,
): OrgRecord {
  const now = parts.clock.now();
  return {
    instanceUrl: credential.instanceUrl,
    apiUrl: credential.apiUrl,
    loginUrl: credential.loginUrl,
    orgId: credential.orgId,
    userId: credential.userId,
    username: credential.username,
    alias: options.alias ?? known?.alias ?? null,
    sync: options.sync && (known?.sync ?? true),
    authState: credential.grant === 'access-token' ? 'no-refresh' : 'ok',
    grant: credential.grant,
    clientId: credential.clientId,
    budget: known?.budget ?? null,
    twoWay: known?.twoWay ?? false,
    conflicts: known?.conflicts ?? 'salesforce-wins',
    createdAt: known?.createdAt ?? now,
    lastLoginAt: now,
  };
}

/**
 * Notes of an org that is connected already what the login has told of it, and no more: what `orgs` has set meanwhile
 * stays. Of either, what its mirror does is taken up.
 */
async function registered(
  parts: LoginParts,
  org: OrgRecord,
  options: LoginOptions,
  known: OrgRecord | null,
): Promise<OrgRecord> {
  const { registry } = parts;
  const { instanceUrl, alias, sync, budget, twoWay, conflicts, createdAt, ...told } = org;
  const listed = known === null ? null : await registry.get(instanceUrl);
  if (listed !== null) {
    const asked = { ...(options.alias === null ? {} : { alias }), ...(options.sync ? {} : { sync }) };
    const seen = await withTwoWayOfMirror(parts, listed);
    const ofMirror = seen === listed ? {} : { twoWay: seen.twoWay, conflicts: seen.conflicts };
    return registry.update(instanceUrl, { ...told, ...asked, ...ofMirror });
  }
  const added = await withTwoWayOfMirror(parts, org);
  await registry.put(added);
  return added;
}

/** The user said that the org is to be seen as another user: the mirror is told so, if there is one. */
async function replaceUserOf(parts: LoginParts, { instanceUrl, orgId, userId }: OrgRecord): Promise<void> {
  if (!(await parts.mirrors.exists(instanceUrl))) return;
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  const seen = await mirror.identity();
  // Asked of the mirror, for a login that was killed may have come as far as the registry, and the org may have been
  // logged out in between. One of another org is not this one's.
  if (seen === null || !sameId(seen.orgId, orgId) || sameId(seen.userId, userId)) return;
  await mirror.setIdentity({ orgId, userId, instanceUrl });
  parts.log.warn(
    'the mirror is now read as another user: the next `watch` compares all of it with what that user may see; `reconcile` does so now',
  );
}
