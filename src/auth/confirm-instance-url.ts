import { isAbort } from '../base/abort.ts';
import { normaliseInstanceUrl } from '../org/instance-url.ts';
import { sameId } from '../org/record-id.ts';
import type { Credential } from './credential.ts';
import { type OAuthRequestOptions, oauthRequest } from './oauth-request.ts';

/**
 * `confirmed`: the login host says that this org answers there. `denied`: it knows the org by other addresses only.
 * `forged`: it does not know the token, or it is another org's. `unknown`: it could not be asked.
 */
export type LoginHostsWord = 'confirmed' | 'denied' | 'forged' | 'unknown';

/**
 * Asks the host that the user named whether the org of a fresh token answers at `instanceUrl`, before anything is
 * sent there. A single forged answer of the token endpoint would otherwise lead every later token to whoever forged
 * it. Throws on abort only. Source: Salesforce Help, "The UserInfo Endpoint" (`organization_id`, `urls`).
 */
export async function confirmInstanceUrl(
  instanceUrl: string,
  token: Pick<Credential, 'loginUrl' | 'accessToken'> & { orgId: string | null; userId: string | null },
  options: OAuthRequestOptions,
): Promise<LoginHostsWord> {
  const url = `${token.loginUrl}/services/oauth2/userinfo`;
  const answer = await oauthRequest(url, { during: 'userinfo', bearer: token.accessToken }, options).catch(
    (error: unknown) => {
      if (isAbort(error)) throw error;
      return null;
    },
  );
  if (answer === null) return 'unknown';
  if (!answer.ok) return [401, 403].includes(answer.refusal.status ?? 0) ? 'forged' : 'unknown';
  const { organization_id: orgId, user_id: userId, urls } = answer.body;
  if (typeof orgId !== 'string' || typeof userId !== 'string') return 'unknown';
  if (token.orgId !== null && !sameId(orgId, token.orgId)) return 'forged';
  if (token.userId !== null && !sameId(userId, token.userId)) return 'forged';
  return originsOf(urls).has(instanceUrl) ? 'confirmed' : 'denied';
}

function originsOf(urls: unknown): Set<string> {
  const named = typeof urls === 'object' && urls !== null ? Object.values(urls) : [];
  const origins = new Set<string>();
  for (const url of named) {
    try {
      // `…/services/data/v{version}/` holds a placeholder, and some are null.
      if (typeof url === 'string') origins.add(normaliseInstanceUrl(url));
    } catch {}
  }
  return origins;
}
