import { AppError } from '../../src/base/errors.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import type { Registry } from '../../src/orgs/registry.ts';

/** A list of orgs that lives as long as its test. Names are instance URLs and aliases. */
export function memoryRegistry(...connected: readonly OrgRecord[]): Registry {
  const orgs = new Map(connected.map((org) => [org.instanceUrl, org]));
  const known = (instanceUrl: string): OrgRecord => {
    const org = orgs.get(instanceUrl);
    if (org === undefined) throw new AppError('UNKNOWN_ORG', `${instanceUrl} is not connected.`);
    return org;
  };
  const update: Registry['update'] = (instanceUrl, change) => {
    const org = { ...known(instanceUrl), ...change };
    orgs.set(instanceUrl, org);
    return org;
  };
  return {
    list: () => [...orgs.values()],
    get: (instanceUrl) => orgs.get(instanceUrl) ?? null,
    resolve: (text) => known([...orgs.values()].find(({ alias }) => alias === text)?.instanceUrl ?? text),
    put: (org) => void orgs.set(org.instanceUrl, org),
    update,
    setAuthState: (instanceUrl, authState) => void update(instanceUrl, { authState }),
    move(from, to) {
      const org = { ...known(from), instanceUrl: to };
      orgs.delete(from);
      orgs.set(to, org);
      return org;
    },
    remove: (instanceUrl) => orgs.delete(instanceUrl),
    close() {},
    [Symbol.dispose]() {},
  };
}
