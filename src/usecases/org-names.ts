import type { OrgName } from '../contract/orgs.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** For the sake of a name nothing fails, and no registry is made. */
export function orgNames(services: Pick<OrgDirectory, 'registry' | 'hasRegistry'>): OrgName[] {
  try {
    if (!services.hasRegistry) return [];
    return services.registry.list().map(({ instanceUrl, alias }) => ({ instanceUrl, alias }));
  } catch {
    return [];
  }
}
