import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { sameId } from '../base/record-id.ts';
import type { Credential } from './credential.ts';
import { fetchIdentity } from './identity.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { incomplete, type TokenAnswer } from './token-endpoint.ts';

type Kept = Pick<Credential, 'loginUrl' | 'grant' | 'clientId' | 'clientSecret' | 'privateKey'>;

/** Turns a fresh token into a credential by asking the org itself whose it is: the proof that the login works. */
export async function completeLogin(
  token: TokenAnswer,
  kept: Kept,
  { clock, ...options }: OAuthRequestOptions & { clock: Clock },
): Promise<Credential> {
  const { instanceUrl } = token;
  if (instanceUrl === null) throw incomplete(kept.loginUrl, 'a usable instance_url');
  const identity = await fetchIdentity({ apiUrl: instanceUrl, accessToken: token.accessToken, ...options });
  if (token.orgId !== null && !sameId(token.orgId, identity.orgId)) {
    throw new AppError('LOGIN_FAILED', `The login and ${instanceUrl} name different orgs.`, {
      hint: 'Run the login again; if it stays, tell whoever runs the network in between.',
      details: { loginOrgId: token.orgId, orgId: identity.orgId },
    });
  }
  return {
    ...kept,
    ...identity,
    instanceUrl,
    apiUrl: instanceUrl,
    accessToken: token.accessToken,
    refreshToken: token.refreshToken,
    issuedAt: token.issuedAt ?? clock.now(),
    refused: null,
  };
}
