import type { CredentialStore } from '../auth/credential-store.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { AppOrgs } from '../contract/app.ts';
import type { OrgView } from '../contract/orgs.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { checkAlias } from '../orgs/rules/alias.ts';
import { namesProcessOrg } from './chosen-orgs.ts';
import { type KnownLogin, loginLookup } from './known-login.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export function appOrgs(parts: {
  readonly registry: Pick<Registry, 'list' | 'resolve' | 'update'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'glance'>;
  processOrg: OrgDirectory['processOrg'];
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
      for (const org of await parts.registry.list()) orgs.push(viewOf(org, await lookUp(org)));
      return { orgs };
    },
    setSync: async ({ org, sync }) => change(org, { sync }),
    setAlias: async ({ org, alias }) => {
      if (alias !== null) checkAlias(alias);
      return change(org, { alias });
    },
    set: async ({ org, budget }) => change(org, budget === undefined ? {} : { budget }),
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

function viewOf(
  { instanceUrl, orgId, username, alias, sync, budget }: OrgRecord,
  { auth, authReason }: KnownLogin,
): OrgView {
  return { instanceUrl, orgId, username, alias, sync, auth, authReason, budget };
}
