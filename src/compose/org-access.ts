import type { CredentialStore } from '../auth/credential-store.ts';
import { grantIsOver } from '../auth/grant/grant-is-over.ts';
import { grantRefused, loginRequired } from '../auth/grant/login-required.ts';
import { openSession } from '../auth/open-session.ts';
import { openProcessSession } from '../auth/process-session.ts';
import type { Session } from '../auth/session.ts';
import type { WithLock } from '../auth/with-lock.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from '../config/config.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { connectRemote } from '../salesforce/connect-remote.ts';
import type { Remote } from '../sync/ports/remote.ts';
import type { RemoteOptions } from '../usecases/ports/org-access.ts';
import type { Wire } from '../wire/open-wire.ts';

interface AccessParts {
  readonly config: Pick<Config, 'processOrg' | 'apiVersion' | 'stopBudgetMs'>;
  readonly credentials: CredentialStore;
  readonly withCredentialLock: WithLock;
  readonly registry: Registry;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function openOrgSession(
  services: AccessParts,
  org: OrgRecord,
  signal: AbortSignal,
): Promise<Session> {
  const { clock, config, log } = services;
  if (config.processOrg !== null && org.orgId === '') {
    const { accessToken } = config.processOrg;
    const parts = { clock, wire: services.wire, signal };
    return openProcessSession({ ...parts, instanceUrl: org.instanceUrl, accessToken });
  }
  const credential = await services.credentials.get(org.instanceUrl);
  if (credential === null) throw loginRequired(org.instanceUrl);
  // The refusal lies with the credential, because several data folders may share it: a login made from another
  // one mends the org here too.
  if (grantIsOver(credential)) {
    await services.registry.setAuthState(org.instanceUrl, 'login-needed');
    throw grantRefused(credential);
  }
  if (org.authState === 'login-needed') {
    await services.registry.setAuthState(
      org.instanceUrl,
      credential.grant === 'access-token' ? 'no-refresh' : 'ok',
    );
  }
  return openSession(credential, {
    closeWithinMs: services.config.stopBudgetMs,
    store: services.credentials,
    withLock: services.withCredentialLock,
    wire: services.wire,
    clock,
    log,
    onLoginNeeded: () => services.registry.setAuthState(org.instanceUrl, 'login-needed'),
    onRenamed: async ({ to }) => {
      await services.registry.update(org.instanceUrl, { apiUrl: to });
    },
  });
}

export async function openRemote(
  services: AccessParts,
  session: Session,
  { budget, notBefore, log = services.log }: RemoteOptions,
): Promise<Remote> {
  return connectRemote({
    session,
    apiVersion: services.config.apiVersion,
    wire: services.wire,
    clock: services.clock,
    log,
    product: 'parahack-sync',
    notBefore,
    wallMs: () => services.clock.now(),
    gate: budget && {
      before: (kind, options) => budget.before(kind, options),
      after: (usage, call) => budget.after(usage, call),
    },
  });
}
