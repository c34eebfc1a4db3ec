import type { CredentialStore } from '../auth/credential-store.ts';
import { grantIsOver } from '../auth/grant/grant-is-over.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface HasLoginParts extends Pick<OrgDirectory, 'registry'> {
  readonly credentials: Pick<CredentialStore, 'get'>;
}

/**
 * Asked while an org waits for a login: by this data folder's registry, or by another one's that shares the
 * credential. The registry alone does not tell: the credential may be gone from the store without its knowledge.
 */
export async function hasLogin(
  { credentials, registry }: HasLoginParts,
  instanceUrl: string,
): Promise<boolean> {
  const credential = await credentials.get(instanceUrl).catch(() => null);
  if (credential === null || grantIsOver(credential)) return false;
  const org = await registry.get(instanceUrl);
  return org?.authState !== 'login-needed' || credential.grant !== 'access-token';
}
