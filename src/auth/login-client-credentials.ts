import type { Clock } from '../base/clock.ts';
import { completeLogin } from './complete-login.ts';
import type { Credential } from './credential.ts';
import { clientCredentialsForm } from './grants.ts';
import { oauthError } from './oauth-error.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { ownHost } from './own-host.ts';
import { repeatPassing } from './repeat-passing.ts';
import { requestToken } from './token-endpoint.ts';

export interface ClientCredentialsLoginOptions extends OAuthRequestOptions {
  /** The org's own host: Salesforce takes this grant nowhere else. */
  instanceUrl: string;
  clientId: string;
  clientSecret: string;
  clock: Clock;
}

/** Client credentials grant (RFC 6749 section 4.4). Throws AppError `LOGIN_FAILED`, `INVALID_INPUT` and those of `oauthRequest`. */
export async function loginWithClientCredentials({
  instanceUrl,
  clientId,
  clientSecret,
  clock,
  ...options
}: ClientCredentialsLoginOptions): Promise<Credential> {
  const loginUrl = ownHost(instanceUrl);
  const form = clientCredentialsForm(clientId, clientSecret);
  const result = await repeatPassing(() => requestToken(loginUrl, form, options), {
    clock,
    signal: options.signal,
  });
  if (!result.ok) throw oauthError(result.refusal);
  return completeLogin(
    { ...result.token, refreshToken: null },
    { loginUrl, grant: 'client-credentials', clientId, clientSecret, privateKey: null },
    { clock, ...options },
  );
}
