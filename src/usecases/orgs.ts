import type { CredentialStore } from '../auth/credential-store.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { AppOrgs } from '../contract/app.ts';
import type { OrgView } from '../contract/orgs.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { checkAlias } from '../orgs/rules/alias.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { namesProcessOrg } from './chosen-orgs.ts';
import { type KnownLogin, loginLookup } from './known-login.ts';
import { warnOfLeftMirrors } from './no-org.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export function appOrgs(parts: {
  readonly registry: Pick<Registry, 'list' | 'resolve' | 'update'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'glance'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open'>;
  readonly processOrg: OrgDirectory['processOrg'];
  readonly leftMirrors: OrgDirectory['leftMirrors'];
  readonly log: Pick<Logger, 'warn'>;
}): AppOrgs {
  const change = async (name: string, by: Partial<OrgRecord>) => {
    const { instanceUrl } = await parts.registry.resolve(name).catch(async (error: unknown) => {
      const only = await parts.processOrg();
      const isOnly = isAppError(error, 'UNKNOWN_ORG') && only !== null && namesProcessOrg(only, name);
      throw isOnly ? processOrgIsNotKept(only, error) : error;
    });
    const org = await parts.registry.update(instanceUrl, by);
    return { org: viewOf(org, await loginLookup(parts)(org)) };
  };
  return {
    async list() {
      const lookUp = loginLookup(parts);
      const orgs: OrgView[] = [];
      const known = await parts.registry.list();
      if (known.length === 0) await warnOfLeftMirrors(parts);
      for (const org of known) orgs.push(viewOf(org, await lookUp(org)));
      return { orgs };
    },
    setSync: async ({ org, sync }) => change(org, { sync }),
    setAlias: async ({ org, alias }) => {
      if (alias !== null) checkAlias(alias);
      return change(org, { alias });
    },
    async set({ org, budget, twoWay, conflicts }) {
      const by = {
        ...(budget === undefined ? {} : { budget }),
        ...(twoWay === undefined ? {} : { twoWay }),
        ...(conflicts === undefined ? {} : { conflicts }),
      };
      const set = await change(org, by);
      const isSet = twoWay !== undefined || conflicts !== undefined;
      return { ...set, openEdits: isSet ? await setInMirror(parts, set.org) : null };
    },
  };
}

/** `status` lists it, so nobody would believe that there is none. */
function processOrgIsNotKept({ instanceUrl }: OrgRecord, { details }: AppError<'UNKNOWN_ORG'>): AppError {
  return new AppError(
    'UNKNOWN_ORG',
    `${instanceUrl} is named by PARAHACK_SYNC_INSTANCE_URL for this process alone: no settings of it are kept.`,
    { hint: 'Connect it with `parahack-sync login` to keep settings of it.', details },
  );
}

/** From now on, for a watch that runs too. A mirror that is yet to be made takes it up when it is. */
async function setInMirror(
  { mirrors }: { readonly mirrors: Pick<Mirrors, 'exists' | 'open'> },
  { instanceUrl, twoWay, conflicts }: OrgView,
): Promise<number> {
  if (!(await mirrors.exists(instanceUrl))) return 0;
  await using mirror = await mirrors.open(instanceUrl, { create: false });
  await mirror.setTwoWay({ on: twoWay, conflicts });
  return mirror.outbox.openEdits();
}

function viewOf(
  { instanceUrl, orgId, username, alias, sync, budget, twoWay, conflicts }: OrgRecord,
  { auth, authReason }: KnownLogin,
): OrgView {
  return { instanceUrl, orgId, username, alias, sync, auth, authReason, budget, twoWay, conflicts };
}
