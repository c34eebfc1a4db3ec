import { createHmac } from 'node:crypto';
import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import { readClientCredentials } from './client-credentials.ts';
import { readJwtBearer } from './jwt-bearer.ts';
import type { OAuthContext } from './oauth-context.ts';
import { noStore, OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import type { DirectoryUser } from './org-directory.ts';
import { userById, userNamed } from './org-directory.ts';
import { verifierMatches } from './pkce.ts';
import type { RefreshFamily } from './refresh-families.ts';
import { readScopes } from './scopes.ts';

type Grant = (params: URLSearchParams, context: OAuthContext, headers: ApiRequest['headers']) => TokenSet;

interface TokenSet {
  user: DirectoryUser;
  scopes: string[];
  family?: RefreshFamily | undefined;
  /** Handed out only when it is new. */
  refreshToken?: string | undefined;
}

const grants: Record<string, Grant> = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  'urn:ietf:params:oauth:grant-type:jwt-bearer': jwtBearer,
  client_credentials: clientCredentials,
  password,
};

/** `/services/oauth2/token`: one answer per grant type (RFC 6749 sections 4 and 6, RFC 7523). */
export function token(request: ApiRequest, context: OAuthContext): Answer {
  try {
    if (request.method !== 'POST') {
      throw new OAuthError('invalid_request', 'must use HTTP POST');
    }
    const params = formOf(request);
    const grantType = params.get('grant_type');
    const grant = grantType !== null && Object.hasOwn(grants, grantType) ? grants[grantType] : undefined;
    if (!grant) throw new OAuthError('unsupported_grant_type', 'grant type not supported');
    if (context.settings.appBlocked) throw new OAuthError('invalid_client', 'app must be installed into org');
    return tokenAnswer(grant(params, context, request.headers), context);
  } catch (error) {
    if (error instanceof OAuthError) return oauthErrorAnswer(error);
    throw error;
  }
}

function tokenAnswer({ user, scopes, family, refreshToken }: TokenSet, context: OAuthContext): Answer {
  const { sessions, app, instanceUrl, directory } = context;
  if (!user.active) throw new OAuthError('inactive_user', 'user is inactive');
  const session = sessions.open({ userId: user.id, clientId: app.clientId, scopes, familyId: family?.id });
  const id = `${instanceUrl}/id/${directory.orgId}/${user.id}`;
  const issuedAt = String(session.issuedAt);
  return jsonAnswer(
    200,
    {
      access_token: session.token,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      signature: createHmac('sha256', app.clientSecret).update(`${id}${issuedAt}`).digest('base64'),
      scope: scopes.join(' '),
      instance_url: instanceUrl,
      id,
      token_type: 'Bearer',
      issued_at: issuedAt,
      api_instance_url: instanceUrl,
    },
    noStore,
  );
}

function authorizationCode(
  params: URLSearchParams,
  context: OAuthContext,
  headers: ApiRequest['headers'],
): TokenSet {
  readClientCredentials(params, headers, context.app, { secretRequired: false });
  const grant = context.codes.redeem(params.get('code') ?? '');
  if (!grant) throw new OAuthError('invalid_grant', 'expired authorization code');
  if (grant.redirectUri !== params.get('redirect_uri')) {
    throw new OAuthError('redirect_uri_mismatch', 'redirect_uri must match configuration');
  }
  if (grant.challenge !== undefined) {
    const verifier = params.get('code_verifier');
    if (verifier === null) throw new OAuthError('invalid_request', 'missing required code verifier');
    if (!verifierMatches(grant.challenge, verifier))
      throw new OAuthError('invalid_grant', 'invalid code verifier');
  }
  return approvedSet(requireUser(context, grant.userId), grant.scopes, context);
}

/** A login that may hand out a refresh token, if the scope was asked for. */
function approvedSet(user: DirectoryUser, scopes: string[], { families, app }: OAuthContext): TokenSet {
  if (!user.active) throw new OAuthError('inactive_user', 'user is inactive');
  if (!scopes.includes('refresh_token')) return { user, scopes };
  const { family } = families.approve(user.id, app.clientId, scopes);
  return { user, scopes, family, refreshToken: family.current };
}

/**
 * With rotation each refresh answers a new token and spends the old one; a spent token revokes the family and
 * its sessions (help: "Refresh Token Rotation").
 */
function refreshToken(
  params: URLSearchParams,
  context: OAuthContext,
  headers: ApiRequest['headers'],
): TokenSet {
  readClientCredentials(params, headers, context.app, { secretRequired: false });
  const { families, sessions, settings } = context;
  const found = families.lookUp(params.get('refresh_token') ?? '');
  if (found.kind === 'unknown') throw new OAuthError('invalid_grant', 'expired access/refresh token');
  const { family } = found;
  if (found.kind === 'spent') {
    families.revoke(family.id);
    sessions.closeFamily(family.id);
    throw new OAuthError('invalid_grant', 'expired access/refresh token');
  }
  const user = requireUser(context, family.userId);
  if (!user.active) throw new OAuthError('inactive_user', 'user is inactive');
  const rotated = settings.rotateRefreshTokens ? families.rotate(family) : undefined;
  return { user, scopes: family.scopes, family, refreshToken: rotated };
}

function jwtBearer(params: URLSearchParams, context: OAuthContext): TokenSet {
  const { username } = readJwtBearer(params.get('assertion') ?? '', context);
  const user = userNamed(context.directory, username);
  if (!user) throw new OAuthError('invalid_grant', "user hasn't approved this consumer");
  return { user, scopes: withoutRefresh(context.app.scopes) };
}

function clientCredentials(
  params: URLSearchParams,
  context: OAuthContext,
  headers: ApiRequest['headers'],
): TokenSet {
  readClientCredentials(params, headers, context.app, { secretRequired: true });
  const user = userNamed(context.directory, context.app.runAs);
  if (!user) throw new OAuthError('invalid_grant', 'no client credentials user enabled');
  return { user, scopes: withoutRefresh(context.app.scopes) };
}

function password(params: URLSearchParams, context: OAuthContext, headers: ApiRequest['headers']): TokenSet {
  readClientCredentials(params, headers, context.app, { secretRequired: true });
  const user = userNamed(context.directory, params.get('username') ?? '');
  if (!user || user.password !== params.get('password')) {
    throw new OAuthError('invalid_grant', 'authentication failure');
  }
  return { user, scopes: withoutRefresh(readScopes(params.get('scope'), context.app)) };
}

const withoutRefresh = (scopes: string[]): string[] => scopes.filter((s) => s !== 'refresh_token');

function requireUser({ directory }: OAuthContext, id: string): DirectoryUser {
  const user = userById(directory, id);
  if (!user) throw new OAuthError('invalid_grant', 'user is not available');
  return user;
}
