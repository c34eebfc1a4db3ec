import type { Session } from '../auth/session.ts';
import { isAppError } from '../base/errors.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { OrgAccess } from './ports/org-access.ts';

/**
 * For work that can do without calls, such as a push that is only queued: where the org has no usable grant, a session
 * opens all the same, and each call by it fails with that `LOGIN_REQUIRED`. An org of the environment is not known
 * without its token, and fails as before.
 */
export async function orSessionWithoutLogin(
  parts: Pick<OrgAccess, 'openSession'>,
  org: OrgRecord,
  options: { signal: AbortSignal },
): Promise<Session> {
  try {
    return await parts.openSession(org, options);
  } catch (error) {
    if (!isAppError(error, 'LOGIN_REQUIRED') || org.orgId === '') throw error;
    return sessionWithoutLogin(org, error);
  }
}

function sessionWithoutLogin(org: OrgRecord, error: Error): Session {
  const { instanceUrl, apiUrl, orgId, userId, username } = org;
  return {
    instanceUrl,
    apiUrl,
    orgId,
    userId,
    username,
    accessToken: () => Promise.reject(error),
    renew: () => Promise.reject(error),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
