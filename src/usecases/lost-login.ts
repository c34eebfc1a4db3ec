import type { Credential } from '../auth/credential.ts';
import { grantIsOver } from '../auth/grant/grant-is-over.ts';
import type { LostLogin } from '../daemon/org-loop-options.ts';
import { type HasLoginParts, hasLogin } from './has-login.ts';

/**
 * Asked when an org has just asked for a login. A grant that is not over may be taken again without a new login: an admin
 * approves the app or sets the user to run as, a user sets a new password. A credential is another one when its tokens are.
 */
export async function lostLogin(parts: HasLoginParts, instanceUrl: string): Promise<LostLogin> {
  const failed = await parts.credentials.get(instanceUrl);
  const isOver = failed === null || grantIsOver(failed) || failed.grant === 'access-token';
  return {
    isOver,
    async isReplaced() {
      if (!(await hasLogin(parts, instanceUrl))) return false;
      const stored = await parts.credentials.get(instanceUrl);
      return stored !== null && (failed === null || !isSame(stored, failed));
    },
  };
}

function isSame(one: Credential, other: Credential): boolean {
  return (
    one.grant === other.grant &&
    one.issuedAt === other.issuedAt &&
    one.accessToken === other.accessToken &&
    one.refreshToken === other.refreshToken &&
    (one.refused === null) === (other.refused === null)
  );
}
