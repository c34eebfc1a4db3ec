import type { CredentialStore } from '../auth/credential-store.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { OrgAccess } from './ports/org-access.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/**
 * An idle refresh token can be set to die after 30 days, and an org with sync off uses none. So a running watch
 * renews those weekly; it looks every hour, because it may be started and stopped often.
 */
const idleMs = 7 * 86_400_000;
const lookEveryMs = 3_600_000;

export interface RenewParts extends Pick<OrgDirectory, 'registry'>, Pick<OrgAccess, 'openSession'> {
  readonly credentials: Pick<CredentialStore, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Runs until the signal aborts. One org's trouble is told and stays with that org. */
export async function renewIdleLogins(parts: RenewParts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  while (await slept(clock, lookEveryMs, signal)) {
    for (const org of await idleOrgs(parts)) {
      try {
        if (await renewIfIdle(parts, org, signal))
          log.info(`renewed the login of ${org.instanceUrl}, whose sync is off`);
      } catch (error) {
        if (signal.aborted) return;
        log.warn(`the idle login of ${org.instanceUrl} could not be renewed: ${messageOf(error)}`);
      }
    }
  }
}

/** None where the registry cannot be read now; the next look may find it well. */
async function idleOrgs({ registry, log }: RenewParts): Promise<OrgRecord[]> {
  try {
    const orgs = await registry.list();
    return orgs.filter((org) => !org.sync && org.grant === 'refresh-token' && org.authState === 'ok');
  } catch (error) {
    log.warn(`the idle logins cannot be looked at now: ${messageOf(error)}`);
    return [];
  }
}

/** Resolves to whether the login was old enough to be renewed. */
async function renewIfIdle(parts: RenewParts, org: OrgRecord, signal: AbortSignal): Promise<boolean> {
  const credential = await parts.credentials.get(org.instanceUrl);
  if (credential === null || parts.clock.now() - credential.issuedAt < idleMs) return false;
  await using session = await parts.openSession(org, { signal });
  await session.renew(await session.accessToken({ signal }), { signal });
  return true;
}

async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, { signal });
    return true;
  } catch {
    return false;
  }
}
