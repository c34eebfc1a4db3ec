import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { normaliseInstanceUrl } from '../org/instance-url.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { OrgDirectory } from '../usecases/ports/org-directory.ts';

interface ProcessOrgParts extends Pick<OrgDirectory, 'registry' | 'hasRegistry'> {
  readonly config: Pick<Config, 'processOrg' | 'loginUrl'>;
  readonly clock: Clock;
}

/** The org of `PARAHACK_SYNC_INSTANCE_URL` as a record that is stored nowhere; who it is shows the first call. */
export async function processOrgRecord(parts: ProcessOrgParts): Promise<OrgRecord | null> {
  const { config, clock } = parts;
  if (config.processOrg === null) return null;
  const instanceUrl = normaliseInstanceUrl(config.processOrg.instanceUrl);
  // If it is connected here as well, its flag counts; no registry is made to find out.
  const connected = (await parts.hasRegistry()) ? await parts.registry.get(instanceUrl) : null;
  return {
    instanceUrl,
    apiUrl: instanceUrl,
    loginUrl: config.loginUrl,
    orgId: '',
    userId: '',
    username: '',
    alias: null,
    sync: connected?.sync ?? true,
    authState: 'no-refresh',
    grant: 'access-token',
    clientId: null,
    budget: null,
    // Only its mirror knows, where it is connected here as well.
    twoWay: false,
    conflicts: 'salesforce-wins',
    createdAt: clock.now(),
    lastLoginAt: clock.now(),
  };
}
