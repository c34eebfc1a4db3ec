import type { Clock } from '../base/clock.ts';
import type { Credential } from './credential.ts';
import { clientCredentialsForm, jwtForm, refreshForm } from './grants.ts';
import { grantRefused, loginRequired } from './login-required.ts';
import { endsGrant, oauthError } from './oauth-error.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { assertSameEyes } from './same-eyes.ts';
import { requestToken } from './token-endpoint.ts';

/**
 * Asks Salesforce once for a new access token by the credential's grant; stores nothing. Throws AppError
 * `LOGIN_REQUIRED` when the grant is gone or cannot be renewed, `ORG_CHANGED` or `OTHER_USER` when the answer is
 * somebody else's, `LOGIN_FAILED` for other refusals, and those of `oauthRequest`.
 */
export async function renewCredential(
  credential: Credential,
  { clock, ...options }: OAuthRequestOptions & { clock: Clock },
): Promise<Credential> {
  const { grant, instanceUrl } = credential;
  const tokenUrl = tokenUrlOf(credential);
  const form = formFor(credential, tokenUrl, clock.now());
  if (form === null) {
    throw loginRequired(instanceUrl, { grant, why: 'its access token has ended and cannot be renewed.' });
  }
  const result = await requestToken(tokenUrl, form, options);
  if (!result.ok) {
    if (!endsGrant(result.refusal)) throw oauthError(result.refusal);
    const { error, description } = result.refusal;
    throw grantRefused(
      { ...credential, refused: { error, description, at: clock.now() } },
      result.refusal.status,
    );
  }
  const { token } = result;
  assertSameEyes(credential, token);
  return {
    ...credential,
    accessToken: token.accessToken,
    refreshToken: grant === 'refresh-token' ? (token.refreshToken ?? credential.refreshToken) : null,
    apiUrl: token.instanceUrl ?? credential.apiUrl,
    issuedAt: token.issuedAt ?? clock.now(),
    refused: null,
  };
}

/** An org that was logged in to at its own host is asked where it is now, as its My Domain may have been renamed. */
function tokenUrlOf({ loginUrl, instanceUrl, apiUrl }: Credential): string {
  return loginUrl === instanceUrl ? apiUrl : loginUrl;
}

function formFor(credential: Credential, tokenUrl: string, now: number): Record<string, string> | null {
  const { grant, clientId, clientSecret, refreshToken, privateKey, username } = credential;
  switch (grant) {
    case 'refresh-token':
      return refreshToken && clientId ? refreshForm(refreshToken, clientId, clientSecret) : null;
    case 'jwt':
      return privateKey && clientId
        ? jwtForm(privateKey, { clientId, username, loginUrl: tokenUrl, now })
        : null;
    case 'client-credentials':
      return clientId && clientSecret ? clientCredentialsForm(clientId, clientSecret) : null;
    case 'access-token':
      return null;
  }
}
