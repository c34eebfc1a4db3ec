import type { OrgRecord } from '../../src/orgs/org-record.ts';
import type { Registry } from '../../src/orgs/registry.ts';
import { resolveOrg } from '../../src/orgs/resolve-org.ts';
import { checkPut, connectedAs, notConnected } from '../../src/orgs/rules/check-put.ts';

/** A list of orgs that lives as long as its test. */
export function memoryRegistry(...connected: readonly OrgRecord[]): Registry {
  const orgs = new Map(connected.map((org) => [org.instanceUrl, org]));
  const list = () =>
    [...orgs.values()].sort(
      (one, other) => one.createdAt - other.createdAt || (one.instanceUrl < other.instanceUrl ? -1 : 1),
    );
  const known = (instanceUrl: string): OrgRecord => {
    const org = orgs.get(instanceUrl);
    if (org === undefined) throw notConnected(instanceUrl);
    return org;
  };
  const put = (org: OrgRecord): void => {
    checkPut(org, list());
    orgs.set(org.instanceUrl, org);
  };
  return {
    list: async () => list(),
    get: async (instanceUrl) => orgs.get(instanceUrl) ?? null,
    isInPlace: async () => true,
    resolve: async (text) => resolveOrg(list(), text),
    put: async (org) => put(org),
    async update(instanceUrl, change) {
      const org = { ...known(instanceUrl), ...change, instanceUrl };
      put(org);
      return org;
    },
    async setAuthState(instanceUrl, authState) {
      const org = orgs.get(instanceUrl);
      if (org !== undefined) orgs.set(instanceUrl, { ...org, authState });
    },
    async move(from, to) {
      const taken = orgs.get(to);
      if (taken !== undefined) throw connectedAs(taken);
      const org = { ...known(from), instanceUrl: to, apiUrl: to };
      orgs.delete(from);
      orgs.set(to, org);
      return org;
    },
    remove: async (instanceUrl) => orgs.delete(instanceUrl),
    async [Symbol.asyncDispose]() {},
  };
}
