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
  parts: AccessParts,
  org: OrgRecord,
  signal: AbortSignal,
): Promise<Session> {
  const { clock, config, log } = parts;
  if (config.processOrg !== null && org.orgId === '') {
    const { accessToken } = config.processOrg;
    const { instanceUrl } = org;
    return openProcessSession({ clock, wire: parts.wire, signal, instanceUrl, accessToken });
  }
  const credential = await parts.credentials.get(org.instanceUrl);
  if (credential === null) throw loginRequired(org.instanceUrl, { login: org });
  // The refusal lies with the credential, because several data folders may share it: a login made from another
  // one mends the org here too.
  if (grantIsOver(credential)) {
    await parts.registry.setAuthState(org.instanceUrl, 'login-needed');
    throw grantRefused(credential);
  }
  if (org.authState === 'login-needed') {
    await parts.registry.setAuthState(
      org.instanceUrl,
      credential.grant === 'access-token' ? 'no-refresh' : 'ok',
    );
  }
  return openSession(credential, {
    closeWithinMs: parts.config.stopBudgetMs,
    stop: signal,
    store: parts.credentials,
    withLock: parts.withCredentialLock,
    wire: parts.wire,
    clock,
    log,
    onLoginNeeded: () => parts.registry.setAuthState(org.instanceUrl, 'login-needed'),
    onRenamed: async ({ to }) => {
      await parts.registry.update(org.instanceUrl, { apiUrl: to });
    },
  });
}

export async function openRemote(
  parts: AccessParts,
  session: Session,
  { budget, notBefore, log = parts.log }: RemoteOptions,
): Promise<Remote> {
  return connectRemote({
    session,
    apiVersion: parts.config.apiVersion,
    wire: parts.wire,
    clock: parts.clock,
    log,
    product: 'parahack-sync',
    notBefore,
    wallMs: () => parts.clock.now(),
    gate: budget && {
      before: (kind, options) => budget.before(kind, options),
      after: (usage, call) => budget.after(usage, call),
    },
  });
}
