import type { Answer } from '../http/answer.ts';
import { jsonAnswer, textAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { authorize } from './authorize.ts';
import { introspect } from './introspect.ts';
import type { OAuthContext } from './oauth-context.ts';
import { OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';
import { identity, userInfo } from './user-info.ts';

type Endpoint = (request: ApiRequest, context: OAuthContext) => Answer;

const endpoints: Record<string, { methods: string[]; endpoint: Endpoint }> = {
  '/services/oauth2/authorize': { methods: ['GET', 'POST'], endpoint: authorizeOrDevice },
  '/services/oauth2/token': { methods: ['POST', 'GET'], endpoint: tokenOrDevice },
  '/services/oauth2/revoke': { methods: ['POST', 'GET'], endpoint: revoke },
  '/services/oauth2/introspect': { methods: ['POST'], endpoint: introspect },
  '/services/oauth2/userinfo': { methods: ['GET', 'POST'], endpoint: userInfo },
};

/** Answers the OAuth and identity endpoints; undefined where the path is none of them. */
export function oauthAnswer(request: ApiRequest, context: OAuthContext): Answer | undefined {
  const path = request.path.replace(/\/$/, '');
  const id = /^\/id\/([^/]+)\/([^/]+)$/.exec(path);
  if (id) return identity(request, id[1] ?? '', id[2] ?? '', context);
  const found = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined;
  if (!found) return undefined;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method === 'OPTIONS') return { status: 200, headers: { Allow: found.methods.join(',') } };
  if (!found.methods.includes(method)) {
    return textAnswer(405, 'Method Not Allowed', { Allow: found.methods.join(',') });
  }
  return found.endpoint(request, context);
}

function authorizeOrDevice(request: ApiRequest, context: OAuthContext): Answer {
  return refusedDeviceFlow(request) ?? authorize(request, context);
}

function tokenOrDevice(request: ApiRequest, context: OAuthContext): Answer {
  return refusedDeviceFlow(request) ?? token(request, context);
}

/** The device flow is closed to apps that are not installed (help 005132365), so it is refused here. */
function refusedDeviceFlow(request: ApiRequest): Answer | undefined {
  const params = new URLSearchParams(request.body.toString('utf8'));
  const type = params.get('response_type') ?? request.query.get('response_type');
  if (type !== 'device_code') return undefined;
  return oauthErrorAnswer(new OAuthError('invalid_request', 'device flow is not enabled for this app'));
}

/** The login host's list of OAuth endpoints, enough for clients that look for it. */
export function openIdConfiguration(instanceUrl: string): Answer {
  const oauth = `${instanceUrl}/services/oauth2`;
  return jsonAnswer(200, {
    issuer: instanceUrl,
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    revocation_endpoint: `${oauth}/revoke`,
    userinfo_endpoint: `${oauth}/userinfo`,
    introspection_endpoint: `${oauth}/introspect`,
    scopes_supported: ['api', 'refresh_token', 'id', 'openid', 'web', 'full'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'none'],
  });
}
