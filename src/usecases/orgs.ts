import type { CredentialStore } from '../auth/credential-store.ts';
import type { AppOrgs } from '../contract/app.ts';
import type { OrgView } from '../contract/orgs.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { checkAlias } from '../orgs/rules/alias.ts';
import { type KnownLogin, loginLookup } from './known-login.ts';

export function appOrgs(parts: {
  readonly registry: Pick<Registry, 'list' | 'resolve' | 'update'>;
  readonly credentials: Pick<CredentialStore, 'get' | 'glance'>;
}): AppOrgs {
  const change = async (name: string, by: Partial<OrgRecord>) => {
    const { instanceUrl } = await parts.registry.resolve(name);
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

function viewOf(
  { instanceUrl, orgId, username, alias, sync, budget }: OrgRecord,
  { auth, authReason }: KnownLogin,
): OrgView {
  return { instanceUrl, orgId, username, alias, sync, auth, authReason, budget };
}
