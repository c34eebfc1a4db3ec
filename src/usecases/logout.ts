import type { Logger } from '../base/logger.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { LogoutItem, LogoutOptions, LogoutResult } from '../contract/login.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { oneOrg } from './chosen-orgs.ts';
import { refuseWithOpenEntries } from './open-entries.ts';
import { type OrgLeases, takeOrgLease, withDrainLease } from './org-lease.ts';
import type { Logins } from './ports/logins.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface LogoutParts extends OrgDirectory, OrgLeases {
  readonly registry: OrgDirectory['registry'] & Pick<Registry, 'remove'>;
  readonly logins: Pick<Logins, 'forget'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'fenceOf' | 'open' | 'remove'>;
  readonly log: Logger;
}

/** Revokes the grant at Salesforce and removes it here, whatever Salesforce says. */
export async function logout(
  services: LogoutParts,
  options: LogoutOptions,
  { signal }: CallContext,
): Promise<LogoutResult> {
  const orgs = options.all ? await services.registry.list() : [await oneOrg(services, options.org)];
  const items: LogoutItem[] = [];
  for (const org of orgs) items.push(await logoutOne(services, org, options, signal));
  return { orgs: items };
}

async function logoutOne(
  services: LogoutParts,
  org: OrgRecord,
  { deleteData, force }: LogoutOptions,
  signal: AbortSignal,
): Promise<LogoutItem> {
  const { instanceUrl, username, alias } = org;
  const item: LogoutItem = {
    instanceUrl,
    username,
    alias,
    revoked: null,
    credentialRemoved: false,
    dataDeleted: false,
    error: null,
  };
  try {
    await using lease = deleteData ? await takeOrgLease(services, instanceUrl, 'logout') : null;
    if (deleteData && !force) await refuseWithOpenEntries(services, instanceUrl);
    const { removed, revoked } = await services.logins.forget(instanceUrl, { signal });
    item.credentialRemoved = removed;
    item.revoked = revoked.status === 'nothing-to-revoke' ? null : revoked.status === 'revoked';
    if (revoked.status === 'failed') item.error = errorInfoOf(revoked.error);
    if (lease !== null) {
      await deleteMirror(services, instanceUrl, { lease, force, signal });
      item.dataDeleted = true;
    }
    await services.registry.remove(instanceUrl);
  } catch (error) {
    item.error = errorInfoOf(error);
  }
  return item;
}

/** Not while a push is sending from it, and looked at once more, for a push may have queued meanwhile. */
async function deleteMirror(
  services: LogoutParts,
  instanceUrl: string,
  { lease, force, signal }: { lease: Lease; force: boolean; signal: AbortSignal },
): Promise<void> {
  const alone = withDrainLease(services, instanceUrl, signal);
  await alone(async () => {
    if (!force) await refuseWithOpenEntries(services, instanceUrl);
    await services.mirrors.remove(instanceUrl, lease);
  });
}
