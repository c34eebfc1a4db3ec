import { checkAlias } from '../orgs/alias.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { AppOrgs } from './app.ts';
import type { OrgView } from './contract/orgs.ts';
import type { Services } from './services.ts';

export function appOrgs(services: Services): AppOrgs {
  const change = (name: string, by: Partial<OrgRecord>) => {
    const { instanceUrl } = services.registry.resolve(name);
    return { org: viewOf(services.registry.update(instanceUrl, by)) };
  };
  return {
    list: async () => ({ orgs: services.registry.list().map(viewOf) }),
    setSync: async ({ org, sync }) => change(org, { sync }),
    setAlias: async ({ org, alias }) => {
      if (alias !== null) checkAlias(alias);
      return change(org, { alias });
    },
    set: async ({ org, budget }) => change(org, budget === undefined ? {} : { budget }),
  };
}

function viewOf({ instanceUrl, orgId, username, alias, sync, authState, budget }: OrgRecord): OrgView {
  return { instanceUrl, orgId, username, alias, sync, auth: authState, budget };
}
