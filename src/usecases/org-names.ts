import type { OrgName } from '../contract/orgs.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** For the sake of a name nothing fails, and no registry is made. */
export async function orgNames(parts: Pick<OrgDirectory, 'registry' | 'hasRegistry'>): Promise<OrgName[]> {
  try {
    if (!(await parts.hasRegistry())) return [];
    const orgs = await parts.registry.list();
    return orgs.map(({ instanceUrl, apiUrl, alias, username }) => ({ instanceUrl, apiUrl, alias, username }));
  } catch {
    return [];
  }
}
