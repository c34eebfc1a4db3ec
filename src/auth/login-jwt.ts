import type { Clock } from '../base/clock.ts';
import { normaliseLoginUrl } from '../org/instance-url.ts';
import { completeLogin } from './complete-login.ts';
import type { Credential } from './credential.ts';
import { jwtForm } from './grants.ts';
import { oauthError } from './oauth-error.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { repeatPassing } from './repeat-passing.ts';
import { requestToken } from './token-endpoint.ts';

export interface JwtLoginOptions extends OAuthRequestOptions {
  /** Also the assertion's audience. A bare host or any page of the org will do. */
  loginUrl: string;
  clientId: string;
  username: string;
  /** PEM. Kept in the credential: every renewal signs a new assertion. */
  privateKey: string;
  clock: Clock;
}

/** JWT bearer grant (RFC 7523). Throws AppError `LOGIN_FAILED`, `INVALID_INPUT` and those of `oauthRequest`. */
export async function loginWithJwt({
  loginUrl: givenUrl,
  clientId,
  username,
  privateKey,
  clock,
  ...options
}: JwtLoginOptions): Promise<Credential> {
  const loginUrl = normaliseLoginUrl(givenUrl);
  const form = jwtForm(privateKey, { clientId, username, loginUrl, now: clock.now() });
  const result = await repeatPassing(
    () => requestToken(loginUrl, form, { ...options, now: () => clock.now() }),
    { clock, signal: options.signal },
  );
  if (!result.ok) throw oauthError(result.refusal);
  return completeLogin(
    { ...result.token, refreshToken: null },
    { loginUrl, grant: 'jwt', clientId, clientSecret: null, privateKey },
    { clock, ...options },
  );
}
