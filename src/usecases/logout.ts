import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { LogoutItem, LogoutOptions, LogoutResult } from '../contract/login.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { oneOrg } from './chosen-orgs.ts';
import { entriesOpen, openEntries, refuseWithOpenEntries } from './open-entries.ts';
import { type OrgLeases, takeLeftOrgLease, withDrainLease } from './org-lease.ts';
import type { Logins } from './ports/logins.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface LogoutParts extends OrgDirectory, OrgLeases {
  readonly registry: OrgDirectory['registry'] & Pick<Registry, 'remove'>;
  readonly logins: Pick<Logins, 'forget'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'fenceOf' | 'open' | 'remove'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Revokes the grant at Salesforce and removes it here, whatever Salesforce says. */
export async function logout(
  parts: LogoutParts,
  options: LogoutOptions,
  { signal }: CallContext,
): Promise<LogoutResult> {
  const orgs = options.all ? await parts.registry.list() : [await oneOrg(parts, options.org)];
  const items: LogoutItem[] = [];
  for (const org of orgs) items.push(await logoutOne(parts, org, options, signal));
  return { orgs: items };
}

async function logoutOne(
  parts: LogoutParts,
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
    const onWait = () =>
      parts.log.warn(`waiting for the watch of ${instanceUrl}, whose sync is off, to let go of it`);
    await using lease = deleteData ? await takeLeftOrgLease(parts, org, 'logout', { signal, onWait }) : null;
    if (deleteData && !force) await refuseWithOpenEntries(parts, instanceUrl, { refused: true });
    if (!deleteData) await tellOfOpenEntries(parts, instanceUrl);
    const { removed, revoked } = await parts.logins.forget(instanceUrl, { signal });
    item.credentialRemoved = removed;
    item.revoked = revoked.status === 'nothing-to-revoke' ? null : revoked.status === 'revoked';
    if (revoked.status === 'failed') item.error = errorInfoOf(revoked.error);
    if (lease !== null) {
      await deleteMirror(parts, instanceUrl, { lease, force, signal });
      item.dataDeleted = true;
    }
    await parts.registry.remove(instanceUrl);
  } catch (error) {
    item.error = errorInfoOf(error);
  }
  return item;
}

/** They are in no list of the outbox while the org is not connected. */
async function tellOfOpenEntries(parts: LogoutParts, instanceUrl: string): Promise<void> {
  // A mirror that cannot be opened keeps nobody from logging out.
  const open = (await openEntries(parts, instanceUrl).catch(() => null)) ?? 0;
  if (open === 0) return;
  const [entries, they] = open === 1 ? ['1 entry', 'it stays'] : [`${open} entries`, 'they stay'];
  parts.log.warn(
    `${entries} of the outbox of ${instanceUrl} ${open === 1 ? 'is' : 'are'} not settled: ${they} with the mirror, until somebody logs in there again`,
  );
}

/** Not while a push is sending from it, and looked at once more, for a push or a program may have queued meanwhile. */
async function deleteMirror(
  parts: LogoutParts,
  instanceUrl: string,
  { lease, force, signal }: { lease: Lease; force: boolean; signal: AbortSignal },
): Promise<void> {
  const alone = withDrainLease(parts, instanceUrl, signal);
  await alone(async () => {
    const open = await parts.mirrors.remove(instanceUrl, lease, { force, signal });
    if (open > 0) throw entriesOpen(instanceUrl, open);
  });
}
