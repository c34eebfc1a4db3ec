import { readFile } from 'node:fs/promises';
import type { Credential } from '../auth/credential.ts';
import { lossOfReplacing } from '../auth/grant-replacement.ts';
import { readPrivateKey } from '../auth/jwt-assertion.ts';
import { keepLogin } from '../auth/keep-login.ts';
import { loginWithAccessToken } from '../auth/login-access-token.ts';
import { loginWithBrowser } from '../auth/login-browser.ts';
import { loginWithClientCredentials } from '../auth/login-client-credentials.ts';
import { loginWithJwt } from '../auth/login-jwt.ts';
import { revokeCredential } from '../auth/revoke.ts';
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { exposureOf, makePrivate } from '../base/private-path.ts';
import type { CallContext } from '../contract/app.ts';
import type { LoginEvent, LoginOptions, LoginResult } from '../contract/login.ts';
import { sameId } from '../org/record-id.ts';
import { checkAlias, checkAliasFree } from '../orgs/alias.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { planLogin } from '../orgs/plan-login.ts';
import { isHalfMoved, moveLocks, moveOrg } from './move-org.ts';
import { openInBrowser } from './open-browser.ts';
import { withDrainLock } from './org-lock.ts';
import type { Services } from './services.ts';

/** Gets a grant by the chosen flow, stores it, and connects the org. */
export async function login(
  services: Services,
  options: LoginOptions,
  context: CallContext<LoginEvent>,
): Promise<LoginResult> {
  const { registry, credentials } = services;
  // All are tried before anyone is sent through a login that could not be kept.
  if (options.alias !== null) checkAlias(options.alias);
  registry.list();
  await credentials.probeWritable();
  const credential = await obtain(services, options, context);
  let isStored = false;
  const onStored = () => {
    isStored = true;
  };
  try {
    return await connect(services, credential, options, { signal: context.signal, onStored });
  } catch (error) {
    // A grant that is not kept would still be one of the five that Salesforce keeps for this user and app. One that is
    // stored has taken the place of the former, which is revoked by now: without it the org would have none.
    if (!isStored) await revokeCredential(credential, { fetch: services.fetch }).catch(() => {});
    throw error;
  }
}

/** Keeps a fresh login and connects its org. Throws where the org is not the one that was connected. */
async function connect(
  services: Services,
  credential: Credential,
  options: LoginOptions,
  { signal, onStored }: { signal: AbortSignal; onStored: () => void },
): Promise<LoginResult> {
  const { registry, credentials, log } = services;
  const plan = planLogin(registry.list(), credential, { replaceUser: options.replaceUser });
  const known = plan.kind === 'new' ? null : plan.org;
  const isElsewhere = known !== null && known.instanceUrl !== credential.instanceUrl;
  const moves =
    isElsewhere &&
    (options.move === true || isHalfMoved(services, known.instanceUrl, credential.instanceUrl));
  // An org is connected once, under the address that it came by, until the user moves it.
  const kept: Credential = isElsewhere ? { ...credential, instanceUrl: known.instanceUrl } : credential;
  if (isElsewhere && !moves) {
    log.warn(
      `${credential.instanceUrl} is the org that is connected as ${known.instanceUrl}: calls go to the new address from now on, its name and its files stay; add --move to take them along`,
    );
  }
  using _moving = moves ? moveLocks(services, known.instanceUrl, credential.instanceUrl) : null;
  await allowReplacing(services, kept, known, options);
  // Keeping the new grant ends the old one, so nothing may be wrong from here on.
  if (options.alias !== null) checkAliasFree(options.alias, registry.list(), kept.instanceUrl);
  const org = recordOf(services, kept, options, known);
  const register = async () => {
    registry.put(org);
    if (known !== null && options.replaceUser) await replaceUserOf(services, org);
    if (moves) await moveOrg(services, org, credential.instanceUrl);
  };
  const keep = async () => {
    let isStored = false;
    try {
      const { revokedOld } = await keepLogin(kept, {
        store: credentials,
        withLock: (name, work, lockOptions) => services.refreshLocks.withLock(name, work, lockOptions),
        fetch: services.fetch,
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
  await (moves ? withDrainLock(services, known.instanceUrl, signal)(keep) : keep());
  const { apiUrl, orgId, userId, username, alias, sync, grant } = org;
  const instanceUrl = moves ? credential.instanceUrl : org.instanceUrl;
  return {
    org: { instanceUrl, apiUrl, orgId, userId, username, alias, sync, grant },
    movedFrom: moves ? known.instanceUrl : null,
  };
}

/** Keeping a login revokes the one before it; one that renews itself is only given up on the user's word. */
async function allowReplacing(
  { credentials }: Services,
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

async function obtain(
  services: Services,
  options: LoginOptions,
  { signal, onEvent }: CallContext<LoginEvent>,
): Promise<Credential> {
  const { config, clock, fetch, log } = services;
  const parts = { fetch, clock, log, signal };
  switch (options.flow) {
    case 'access-token':
      return loginWithAccessToken({
        ...parts,
        instanceUrl: options.instanceUrl,
        accessToken: options.accessToken,
      });
    case 'jwt':
      return loginWithJwt({
        ...parts,
        loginUrl: options.loginUrl,
        clientId: clientIdOf(services, options.clientId),
        username: options.username,
        privateKey: await readKey(options.keyFile, log),
      });
    case 'client-credentials':
      return loginWithClientCredentials({
        ...parts,
        instanceUrl: options.instanceUrl,
        clientId: clientIdOf(services, options.clientId),
        clientSecret: options.clientSecret,
      });
    case 'browser':
      return loginWithBrowser({
        ...parts,
        loginUrl: options.loginUrl,
        clientId: clientIdOf(services, options.clientId),
        clientSecret: config.clientSecret ?? undefined,
        ports: options.port === null ? undefined : [options.port],
        timeoutMs: options.timeoutMs,
        readRedirect: options.readRedirect,
        onUrl: ({ url, redirectUri }) => onEvent({ event: 'login:url', url, redirectUri }),
        openBrowser: options.openBrowser
          ? async (url) => {
              try {
                await openInBrowser(url);
              } catch (error) {
                onEvent({ event: 'login:browser-failed', message: messageOf(error) });
              }
            }
          : null,
      });
  }
}

function clientIdOf({ config }: Services, given: string | null): string {
  const clientId = given ?? config.clientId;
  if (clientId !== null) return clientId;
  throw new AppError('CLIENT_ID_MISSING', 'A login needs the consumer key of your own external client app.', {
    hint: 'Give it with --client-id or PARAHACK_SYNC_CLIENT_ID; the README says how to register the app.',
  });
}

/** ssh refuses a key that others may read; ours is mended, and one that root hands out (a mounted secret) is told. */
function keepKeyPrivate(file: string, log: Logger): void {
  const exposure = exposureOf(file, 'any');
  if (exposure === null) return;
  const { what, mend, isOurs } = exposure;
  const said = `${what}, and it holds a private key`;
  if (!isOurs) throw new AppError('INVALID_INPUT', `${said} of another user.`, { hint: mend });
  try {
    makePrivate(exposure, 'any');
    log.warn(`${said}; that right was taken away.`);
  } catch {
    log.warn(`${said}. ${mend}`);
  }
}

async function readKey(file: string, log: Logger): Promise<string> {
  const key = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AppError(
      'INVALID_INPUT',
      `The key file ${file} cannot be read (${systemCodeOf(error) ?? 'unknown'}).`,
      {
        hint: '--jwt-key-file names the private key (PEM) whose certificate is in the external client app.',
      },
    );
  });
  // A certificate or a folder, named by mistake, keeps its rights: others may need them.
  if (key.includes('PRIVATE KEY')) keepKeyPrivate(file, log);
  readPrivateKey(key, `The key file ${file}`);
  return key;
}

function recordOf(
  services: Services,
  credential: Credential,
  options: LoginOptions,
  known: OrgRecord | null,
): OrgRecord {
  const now = services.clock.now();
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
    apiVersion: known?.apiVersion ?? null,
    twoWay: known?.twoWay ?? false,
    conflicts: known?.conflicts ?? 'salesforce-wins',
    budget: known?.budget ?? null,
    createdAt: known?.createdAt ?? now,
    lastLoginAt: now,
  };
}

/** The user said that the org is to be seen as another user: the mirror is told so, if there is one. */
async function replaceUserOf(services: Services, { instanceUrl, orgId, userId }: OrgRecord): Promise<void> {
  if (!services.mirrors.exists(instanceUrl)) return;
  await using mirror = await services.mirrors.open(instanceUrl, { create: false });
  const seen = await mirror.identity();
  // Asked of the mirror, for a login that was killed may have come as far as the registry.
  if (seen === null || sameId(seen.userId, userId)) return;
  await mirror.setIdentity({ orgId, userId, instanceUrl });
  services.log.warn(
    'the mirror is now read as another user: run `backfill --fresh` so that it holds what that user may see',
  );
}
