import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OrgName } from '../contract/orgs.ts';
import { registryFileName } from '../orgs/registry-fault.ts';
import type { Services } from './services.ts';

/** For the sake of a name nothing fails, and no registry is made. */
export function orgNames(services: Services): OrgName[] {
  try {
    if (!existsSync(join(services.config.dataDir, registryFileName))) return [];
    return services.registry.list().map(({ instanceUrl, alias }) => ({ instanceUrl, alias }));
  } catch {
    return [];
  }
}
