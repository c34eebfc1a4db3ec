import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import type { Credential } from './credential.ts';
import { fetchIdentity } from './identity.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { ownHost } from './own-host.ts';
import { repeatPassing } from './repeat-passing.ts';

export interface AccessTokenLoginOptions extends OAuthRequestOptions {
  instanceUrl: string;
  accessToken: string;
  clock: Clock;
}

/**
 * Takes a ready access token after asking the org whose it is. No renewal is possible. Throws AppError
 * `INVALID_INPUT` for what cannot be a token, `LOGIN_FAILED` when the org refuses it, and those of `oauthRequest`.
 */
export async function loginWithAccessToken({
  instanceUrl,
  accessToken,
  clock,
  ...options
}: AccessTokenLoginOptions): Promise<Credential> {
  const apiUrl = ownHost(instanceUrl);
  const token = accessToken.trim();
  // Printable ASCII without blanks is all that a header takes (RFC 6750 section 2.1).
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new AppError(
      'INVALID_INPUT',
      token === '' ? 'The access token is empty.' : 'This is no access token.',
      {
        hint: 'Pipe the bare token into the command, such as: printf %s "$TOKEN" | parahack-sync login --access-token-stdin --instance-url URL',
      },
    );
  }
  const identity = await repeatPassing(() => fetchIdentity({ apiUrl, accessToken: token, ...options }), {
    clock,
    signal: options.signal,
  });
  return {
    ...identity,
    instanceUrl: apiUrl,
    apiUrl,
    loginUrl: apiUrl,
    grant: 'access-token',
    clientId: null,
    accessToken: token,
    refreshToken: null,
    clientSecret: null,
    privateKey: null,
    issuedAt: clock.now(),
    refused: null,
  };
}
