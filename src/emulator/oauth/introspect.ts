import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import { readClientCredentials } from './client-credentials.ts';
import type { OAuthContext } from './oauth-context.ts';
import { noStore, OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import { userById } from './org-directory.ts';

/** `/services/oauth2/introspect` (RFC 7662; OAuth 2.0 Token Introspection). Asking does not prolong a session. */
export function introspect(request: ApiRequest, context: OAuthContext): Answer {
  try {
    const params = formOf(request);
    const token = params.get('token');
    readClientCredentials(params, request.headers, context.app, { secretRequired: false });
    if (token === null) throw new OAuthError('invalid_request', 'token is missing');
    return jsonAnswer(200, describeToken(token, context), noStore);
  } catch (error) {
    if (error instanceof OAuthError) return oauthErrorAnswer(error);
    throw error;
  }
}

function describeToken(token: string, { sessions, families, directory, instanceUrl }: OAuthContext): unknown {
  const session = sessions.peek(token);
  const found = session ? undefined : families.lookUp(token);
  const grant = session ?? (found?.kind === 'current' ? found.family : undefined);
  const user = grant && userById(directory, grant.userId);
  if (!grant || !user) return { active: false };
  const issuedAtMs = session?.issuedAt ?? (found?.kind === 'current' ? found.family.approvedAt : 0);
  return {
    active: true,
    scope: grant.scopes.join(' '),
    client_id: grant.clientId,
    username: user.username,
    sub: `${instanceUrl}/id/${directory.orgId}/${user.id}`,
    token_type: session ? 'access_token' : 'refresh_token',
    ...(session && Number.isFinite(session.expiresAt) ? { exp: Math.floor(session.expiresAt / 1_000) } : {}),
    iat: Math.floor(issuedAtMs / 1_000),
    nbf: Math.floor(issuedAtMs / 1_000),
  };
}
