import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { type AppError, isAppError } from '../base/errors.ts';
import { loginCommand } from './grant/login-command.ts';
import { loginRequired } from './grant/login-required.ts';
import { loginWithAccessToken } from './login-access-token.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import type { Session } from './session.ts';

/**
 * The org that the environment names for this one process. Nothing of it is stored; its token cannot be renewed.
 * Asks the org once whose token it is. Throws `LOGIN_REQUIRED` where it takes the token no more, else like
 * `loginWithAccessToken`.
 */
export async function openProcessSession(
  options: { instanceUrl: string; accessToken: string; clock: Clock } & OAuthRequestOptions,
): Promise<Session> {
  const { accessToken, instanceUrl, orgId, userId, username, apiUrl } = await loginWithAccessToken(
    options,
  ).catch((error: unknown) => {
    throw isTokenRefused(error) ? notTaken(options.instanceUrl, 'is not accepted.', error) : error;
  });
  return {
    instanceUrl,
    orgId,
    userId,
    username,
    apiUrl,
    accessToken: async () => accessToken,
    renew: async (rejectedToken) => {
      if (rejectedToken !== accessToken) return accessToken;
      throw notTaken(instanceUrl, 'has ended.');
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** How userinfo and the API refuse a token that is no good. An app or a user is looked after by an admin. */
const tokenRefusals = ['Bad_OAuth_Token', 'INVALID_SESSION_ID', 'invalid_token'];

function isTokenRefused(error: unknown): boolean {
  if (!isAppError(error, 'LOGIN_FAILED')) return false;
  const { status, error: said = '' } = callDetailsOf(error);
  return status === 401 || tokenRefusals.includes(said);
}

function notTaken(instanceUrl: string, what: string, cause?: unknown): AppError {
  return loginRequired(instanceUrl, {
    why: `the access token of the environment ${what}`,
    hint: `Put a fresh token into PARAHACK_SYNC_ACCESS_TOKEN, or leave it and PARAHACK_SYNC_INSTANCE_URL out and run: ${loginCommand(instanceUrl, { grant: 'refresh-token' })}`,
    details: callDetailsOf(cause),
    cause,
  });
}
