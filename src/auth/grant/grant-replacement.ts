import type { GrantKind } from '../../org/grant-kind.ts';
import { sameId } from '../../org/record-id.ts';
import type { Credential } from '../credential.ts';
import { grantIsOver } from './grant-is-over.ts';

const named: Record<GrantKind, string> = {
  'refresh-token': 'a login in the browser',
  jwt: 'a JWT key',
  'client-credentials': 'client credentials',
  'access-token': 'a ready access token',
};

/**
 * What would be lost where `fresh` takes the place of a working login that renews itself, as the end of a sentence;
 * null where nothing is. Keeping a login revokes the one that it replaces, so this is asked before.
 */
export function lossOfReplacing(former: Credential | null, fresh: Credential): string | null {
  if (former === null || former.grant === 'access-token' || grantIsOver(former)) return null;
  const now = `it is connected by ${named[former.grant]} as ${former.username}, which renews itself`;
  if (fresh.grant === 'access-token') return `${now}; this login cannot be renewed`;
  if (!sameId(former.userId, fresh.userId)) return `${now}; this login is ${fresh.username}`;
  if (former.grant !== fresh.grant) return `${now}; this login is by ${named[fresh.grant]}`;
  if (former.clientId !== fresh.clientId) {
    return `${now}; this login is through another app (${fresh.clientId} in place of ${former.clientId})`;
  }
  return null;
}
