import type { Clock } from '../base/clock.ts';
import type { AppError } from '../base/errors.ts';
import { loginRequired } from './grant/login-required.ts';
import { loginWithAccessToken } from './login-access-token.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import type { Session } from './session.ts';

/**
 * The org that the environment names for this one process. Nothing of it is stored; its token cannot be renewed.
 * Asks the org once whose token it is. Throws like `loginWithAccessToken`.
 */
export async function openProcessSession(
  options: { instanceUrl: string; accessToken: string; clock: Clock } & OAuthRequestOptions,
): Promise<Session> {
  const { accessToken, instanceUrl, orgId, userId, username, apiUrl } = await loginWithAccessToken(options);
  const ended = (): AppError =>
    loginRequired(instanceUrl, {
      grant: 'access-token',
      why: 'the access token of the environment has ended.',
      hint: 'Put a fresh token into PARAHACK_SYNC_ACCESS_TOKEN.',
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
      throw ended();
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
