import { grantIsOver } from '../auth/grant-is-over.ts';
import type { Services } from './services.ts';

/**
 * Asked while an org waits for a login: by this data folder's registry, or by another one's that shares the
 * credential. The registry alone does not tell: the credential may be gone from the store without its knowledge.
 */
export async function hasLogin(
  { credentials, registry }: Pick<Services, 'credentials' | 'registry'>,
  instanceUrl: string,
): Promise<boolean> {
  const credential = await credentials.get(instanceUrl).catch(() => null);
  if (credential === null || grantIsOver(credential)) return false;
  return registry.get(instanceUrl)?.authState !== 'login-needed' || credential.grant !== 'access-token';
}
