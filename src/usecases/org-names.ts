import type { OrgName } from '../contract/orgs.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** For the sake of a name nothing fails, and no registry is made. */
export async function orgNames(services: Pick<OrgDirectory, 'registry' | 'hasRegistry'>): Promise<OrgName[]> {
  try {
    if (!(await services.hasRegistry())) return [];
    return (await services.registry.list()).map(({ instanceUrl, alias }) => ({ instanceUrl, alias }));
  } catch {
    return [];
  }
}
