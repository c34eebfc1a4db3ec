import type { OrgName } from '../contract/orgs.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** For the sake of a name nothing fails, and no registry is made. */
export async function orgNames(parts: Pick<OrgDirectory, 'registry' | 'hasRegistry'>): Promise<OrgName[]> {
  try {
    if (!(await parts.hasRegistry())) return [];
    return (await parts.registry.list()).map(({ instanceUrl, alias }) => ({ instanceUrl, alias }));
  } catch {
    return [];
  }
}
