import { isAbort } from '../base/abort.ts';
import type { AppError } from '../base/errors.ts';
import { isAppError } from '../base/errors.ts';
import type { Credential } from './credential.ts';
import { oauthError } from './oauth-error.ts';
import { type OAuthRequestOptions, oauthRequest } from './oauth-request.ts';

export type RevokeOutcome =
  | { status: 'revoked' }
  /** An access token that was handed over ready-made belongs to whoever made it. */
  | { status: 'nothing-to-revoke' }
  | { status: 'failed'; error: AppError };

/**
 * Ends the credential's grant at the host that the user logged in at: a refresh token takes its access tokens with it. A failure is an
 * outcome, as the local removal goes on whatever Salesforce says. Throws on abort only.
 * Source: RFC 7009; Salesforce Help, "Revoke OAuth Tokens".
 */
export async function revokeCredential(
  credential: Credential,
  options: OAuthRequestOptions,
): Promise<RevokeOutcome> {
  const token = tokenToRevoke(credential);
  if (token === null) return { status: 'nothing-to-revoke' };
  try {
    const answer = await oauthRequest(
      `${credential.loginUrl}/services/oauth2/revoke`,
      { during: 'revoke', form: { token } },
      options,
    );
    if (answer.ok) return { status: 'revoked' };
    return { status: 'failed', error: oauthError(answer.refusal) };
  } catch (error) {
    if (isAbort(error) || !isAppError(error)) throw error;
    return { status: 'failed', error };
  }
}

function tokenToRevoke({ grant, refreshToken, accessToken, clientId }: Credential): string | null {
  if (refreshToken !== null) return refreshToken;
  if (accessToken === '') return null;
  // A browser login without a refresh token is ours all the same; only handed-over tokens have no client id.
  return grant === 'access-token' && clientId === null ? null : accessToken;
}
