import type { Clock } from '../base/clock.ts';
import type { AppError } from '../base/errors.ts';
import { assertSameUser } from './assert-same-user.ts';
import type { Credential } from './credential.ts';
import { grantRefused, loginRequired } from './grant/login-required.ts';
import { clientCredentialsForm, jwtForm, refreshForm } from './grants.ts';
import { endsGrant, isRefreshRace, needsLogin, oauthError } from './oauth-error.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { repeatPassing } from './repeat-passing.ts';
import { requestToken } from './token-endpoint.ts';

export type RenewalOutcome =
  /** `apiUrl` is still the former one; `namedUrl` is what the answer said, null where it said nothing usable. */
  | { status: 'renewed'; credential: Credential; namedUrl: string | null }
  /** Somebody else is refreshing the same token: read the store again, wait, ask again. */
  | { status: 'race'; error: AppError }
  /** Only a login helps; `final` where this refresh token is over for good. */
  | { status: 'refused'; error: AppError; final: boolean };

/**
 * Asks Salesforce for a new access token by the credential's grant, again after what passes by itself; stores nothing. The grant's secrets go to
 * the host that the user logged in at and to no other, whatever an answer names. Throws AppError `LOGIN_REQUIRED`
 * when the credential cannot be renewed, `ORG_CHANGED` or `OTHER_USER` when the answer is somebody else's, those of
 * `oauthRequest`, and what the table of refusals says of the others. `waitSignal` ends the waits between two tries.
 */
export async function renewCredential(
  credential: Credential,
  { clock, waitSignal, ...options }: OAuthRequestOptions & { clock: Clock; waitSignal?: AbortSignal },
): Promise<RenewalOutcome> {
  const { grant, instanceUrl, loginUrl } = credential;
  const form = formFor(credential, clock.now());
  if (form === null) {
    throw loginRequired(instanceUrl, {
      login: credential,
      why: 'its access token has ended and cannot be renewed.',
    });
  }
  const result = await repeatPassing(
    () => requestToken(loginUrl, form, { ...options, now: () => clock.now() }),
    { clock, signal: waitSignal },
  );
  if (!result.ok) {
    const { refusal } = result;
    if (isRefreshRace(refusal)) return { status: 'race', error: oauthError(refusal) };
    if (!needsLogin(refusal)) throw oauthError(refusal);
    const { error, description } = refusal;
    const refused = { error, description, at: clock.now() };
    return {
      status: 'refused',
      error: grantRefused({ ...credential, refused }, refusal),
      final: grant === 'refresh-token' && endsGrant(refusal),
    };
  }
  const { token } = result;
  assertSameUser(credential, token);
  const renewed = {
    ...credential,
    accessToken: token.accessToken,
    refreshToken: grant === 'refresh-token' ? (token.refreshToken ?? credential.refreshToken) : null,
    issuedAt: token.issuedAt ?? clock.now(),
    refused: null,
  };
  return { status: 'renewed', credential: renewed, namedUrl: token.instanceUrl };
}

function formFor(credential: Credential, now: number) {
  const { grant, loginUrl, clientId, clientSecret, refreshToken, privateKey, username } = credential;
  switch (grant) {
    case 'refresh-token':
      return refreshToken && clientId ? refreshForm(refreshToken, clientId, clientSecret) : null;
    case 'jwt':
      return privateKey && clientId ? jwtForm(privateKey, { clientId, username, loginUrl, now }) : null;
    case 'client-credentials':
      return clientId && clientSecret ? clientCredentialsForm(clientId, clientSecret) : null;
    case 'access-token':
      return null;
  }
}
