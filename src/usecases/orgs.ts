import type { CredentialStore } from '../auth/credential-store.ts';
import { AppError, isAppError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { AppOrgs } from '../contract/app.ts';
import type { OrgView } from '../contract/orgs.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { checkAlias } from '../orgs/rules/alias.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { TwoWay } from '../sync/ports/two-way.ts';
import { namesProcessOrg } from './chosen-orgs.ts';
import { type KnownLogin, loginLookup } from './known-login.ts';
import { warnOfLeftMirrors } from './no-org.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { listedTwoWay, presentTwoWay, tellMirror } from './two-way-of.ts';

export interface OrgsParts {
  readonly registry: Pick<Registry, 'list' | 'resolve' | 'update'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'glance'>;
  readonly mirrors: Pick<Mirrors, 'open' | 'twoWay'>;
  readonly processOrg: OrgDirectory['processOrg'];
  readonly leftMirrors: OrgDirectory['leftMirrors'];
  readonly log: Logger;
}

export function appOrgs(parts: OrgsParts): AppOrgs {
  const named = (name: string) =>
    parts.registry.resolve(name).catch(async (error: unknown) => {
      const only = await parts.processOrg();
      const isOnly = isAppError(error, 'UNKNOWN_ORG') && only !== null && namesProcessOrg(only, name);
      throw isOnly ? processOrgIsNotKept(only, error) : error;
    });
  const change = async (name: string, by: Partial<OrgRecord>) => {
    const { instanceUrl } = await named(name);
    const org = await parts.registry.update(instanceUrl, by);
    return { org: await viewOf(parts, org, await loginLookup(parts)(org)) };
  };
  return {
    async list() {
      const lookUp = loginLookup(parts);
      const orgs: OrgView[] = [];
      const known = await parts.registry.list();
      if (known.length === 0) await warnOfLeftMirrors(parts);
      for (const org of known) orgs.push(await viewOf(parts, org, await lookUp(org)));
      return { orgs };
    },
    setSync: async ({ org, sync }) => change(org, { sync }),
    setAlias: async ({ org, alias }) => {
      if (alias !== null) checkAlias(alias);
      return change(org, { alias });
    },
    async set({ org, budget, twoWay, conflicts }) {
      const by = budget === undefined ? {} : { budget };
      if (twoWay === undefined && conflicts === undefined)
        return { ...(await change(org, by)), openEdits: null };
      const known = await named(org);
      const asked = {
        ...(twoWay === undefined ? {} : { on: twoWay }),
        ...(conflicts === undefined ? {} : { conflicts }),
      };
      // The mirror first: what it does is what holds, whatever comes of the rest.
      const { now, openEdits } = await setInMirror(parts, known, asked);
      const set = await change(known.instanceUrl, { ...by, twoWay: now.on, conflicts: now.conflicts });
      return { ...set, openEdits };
    },
  };
}

/** `status` lists it, so nobody would believe that there is none. */
function processOrgIsNotKept({ instanceUrl }: OrgRecord, { details }: AppError<'UNKNOWN_ORG'>): AppError {
  return new AppError(
    'UNKNOWN_ORG',
    `${instanceUrl} is named by PARAHACK_SYNC_INSTANCE_URL for this process alone: no settings of it are kept.`,
    { hint: 'Connect it with `parahack-sync login --client-id ID` to keep settings of it.', details },
  );
}

/**
 * From now on, for a watch that runs too, and no more than is asked: the list of orgs may not know the rest. A mirror
 * that is yet to be made takes it up when it is.
 */
async function setInMirror(
  parts: OrgsParts,
  known: OrgRecord,
  asked: Partial<TwoWay>,
): Promise<{ now: TwoWay; openEdits: number }> {
  const { instanceUrl } = known;
  const told = await parts.mirrors.twoWay(instanceUrl);
  if (told === null) return { now: { ...listedTwoWay(known), ...asked }, openEdits: 0 };
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  if (!told.isSet) await tellMirror(parts, mirror, known, { isNew: false });
  await mirror.setTwoWay(asked);
  return { now: await mirror.twoWay(), openEdits: await mirror.outbox.openEdits() };
}

async function viewOf(
  parts: Pick<OrgsParts, 'mirrors' | 'log'>,
  org: OrgRecord,
  { auth, authReason }: KnownLogin,
): Promise<OrgView> {
  const { instanceUrl, orgId, username, alias, sync, budget } = org;
  const { on, conflicts } = await presentTwoWay(parts, org, (error) =>
    parts.log.warn(
      `the mirror of ${instanceUrl} cannot be read, so its two-way is told as it was set last: ${messageOf(error)}`,
    ),
  );
  return { instanceUrl, orgId, username, alias, sync, auth, authReason, budget, twoWay: on, conflicts };
}
