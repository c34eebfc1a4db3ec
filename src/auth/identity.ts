import { AppError } from '../base/errors.ts';
import { isIdOf } from '../org/record-id.ts';
import { oauthError } from './oauth-error.ts';
import { type OAuthRequestOptions, oauthRequest } from './oauth-request.ts';

export interface Identity {
  orgId: string;
  userId: string;
  username: string;
}

/**
 * Asks the org who the token's user is. Throws AppError `LOGIN_FAILED` when the token is refused.
 * Source: Salesforce Help, "The UserInfo Endpoint" (a bad token: 403 `Bad_OAuth_Token`).
 */
export async function fetchIdentity({
  apiUrl,
  accessToken,
  ...options
}: { apiUrl: string; accessToken: string } & OAuthRequestOptions): Promise<Identity> {
  const url = `${apiUrl}/services/oauth2/userinfo`;
  const answer = await oauthRequest(url, { during: 'userinfo', bearer: accessToken }, options);
  if (!answer.ok) throw oauthError(answer.refusal);
  const { organization_id: orgId, user_id: userId, preferred_username: username } = answer.body;
  if (!isIdOf('00D', orgId) || !isIdOf('005', userId) || !isUsername(username)) {
    throw new AppError('LOGIN_FAILED', `${apiUrl} did not say whose token it is.`, {
      hint: 'Check that the instance URL is a Salesforce org.',
    });
  }
  return { orgId, userId, username };
}

/** Salesforce allows 80 characters, each of them to be seen. */
function isUsername(value: unknown): value is string {
  return typeof value === 'string' && /^\P{Cc}{1,255}$/u.test(value);
}
