import type { Answer } from '../http/answer.ts';
import { htmlAnswer, redirectAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import { consentPage, loginPage } from './authorize-page.ts';
import type { OAuthContext } from './oauth-context.ts';
import { formErrorAnswer, OAuthError } from './oauth-error.ts';
import type { DirectoryUser } from './org-directory.ts';
import { userById, userNamed } from './org-directory.ts';
import { readChallenge } from './pkce.ts';
import { readScopes } from './scopes.ts';

/** The parameters of the authorize request that its forms carry along. */
const carried = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'prompt',
  'nonce',
  'display',
  'login_hint',
  'code_challenge',
  'code_challenge_method',
] as const;

interface AuthorizeRequest {
  params: URLSearchParams;
  redirectUri: string;
  scopes: string[];
  challenge: string | undefined;
  prompts: string[];
}

/**
 * `/services/oauth2/authorize` (OAuth 2.0 Web Server Flow): login form, consent, redirect. A client or
 * redirect URI that cannot be trusted is answered on the page, everything else by redirect
 * (RFC 6749 section 4.1.2.1).
 */
export function authorize(request: ApiRequest, context: OAuthContext): Answer {
  const params = formOf(request);
  let redirectUri: string;
  try {
    redirectUri = readRedirectUri(params, context);
  } catch (error) {
    if (error instanceof OAuthError) return formErrorAnswer(error);
    throw error;
  }
  try {
    const parsed = readAuthorizeRequest(params, redirectUri, context);
    return request.method === 'POST'
      ? submitted(parsed, params, request, context)
      : opened(parsed, request, context);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return redirectWith(redirectUri, {
      error: error.error,
      error_description: error.message,
      state: params.get('state'),
    });
  }
}

function readRedirectUri(params: URLSearchParams, { app }: OAuthContext): string {
  if (params.get('client_id') !== app.clientId) {
    throw new OAuthError('invalid_client_id', 'client identifier invalid');
  }
  const redirectUri = params.get('redirect_uri');
  if (!redirectUri) {
    throw new OAuthError('redirect_uri_missing', 'redirect_uri is missing in the request');
  }
  if (!app.callbackUrls.includes(redirectUri)) {
    throw new OAuthError('redirect_uri_mismatch', 'redirect_uri must match configuration');
  }
  return redirectUri;
}

function readAuthorizeRequest(
  params: URLSearchParams,
  redirectUri: string,
  { app, settings }: OAuthContext,
): AuthorizeRequest {
  if (params.get('response_type') !== 'code') {
    throw new OAuthError('unsupported_response_type', 'response type not supported');
  }
  if (settings.appBlocked) throw new OAuthError('OAUTH_APP_BLOCKED', 'this app is blocked by admin');
  const challenge = readChallenge(params);
  if (settings.requirePkce && challenge === undefined) {
    throw new OAuthError('invalid_request', 'missing required code challenge');
  }
  const scopes = readScopes(params.get('scope'), app);
  const prompts = (params.get('prompt') ?? '').split(/\s+/).filter(Boolean);
  return { params, redirectUri, scopes, challenge, prompts };
}

function opened(parsed: AuthorizeRequest, request: ApiRequest, context: OAuthContext): Answer {
  const { directory, browsers, settings } = context;
  if (settings.autoApprove) {
    const hint = userNamed(directory, parsed.params.get('login_hint') ?? '');
    const user = hint ?? directory.users().find((u) => u.active);
    if (user) return approved(parsed, user, context);
  }
  const user = userById(directory, browsers.userOf(request.headers.cookie) ?? '');
  const none = parsed.prompts.includes('none');
  if (!user || parsed.prompts.includes('login') || parsed.prompts.includes('select_account')) {
    if (none) throw new OAuthError('login_required', 'user is not logged in');
    return showLogin(parsed, context);
  }
  return afterLogin(parsed, user, none, context);
}

function afterLogin(
  parsed: AuthorizeRequest,
  user: DirectoryUser,
  silent: boolean,
  context: OAuthContext,
): Answer {
  if (!user.active) throw new OAuthError('inactive_user', 'user is inactive');
  const known = context.families.hasApproved(user.id, context.app.clientId);
  if (known && !parsed.prompts.includes('consent')) return approved(parsed, user, context);
  if (silent) throw new OAuthError('consent_required', 'user has not approved this app');
  return htmlAnswer(
    200,
    consentPage({ app: context.app, user, scopes: parsed.scopes, hidden: hiddenOf(parsed) }),
  );
}

function submitted(
  parsed: AuthorizeRequest,
  form: URLSearchParams,
  request: ApiRequest,
  context: OAuthContext,
): Answer {
  const { directory, browsers } = context;
  const decision = form.get('decision');
  if (decision === null) {
    const user = userNamed(directory, form.get('username') ?? form.get('un') ?? '');
    if (!user || user.password !== (form.get('password') ?? form.get('pw'))) {
      return showLogin(
        parsed,
        context,
        'Please check your username and password. If you still can’t log in, contact your Salesforce administrator.',
      );
    }
    const answer = afterLogin(parsed, user, false, context);
    return { ...answer, headers: { ...answer.headers, 'Set-Cookie': browsers.logIn(user.id) } };
  }
  const user = userById(directory, browsers.userOf(request.headers.cookie) ?? '');
  if (!user) return showLogin(parsed, context);
  if (decision !== 'allow') throw new OAuthError('access_denied', 'end-user denied authorization');
  if (!user.active) throw new OAuthError('inactive_user', 'user is inactive');
  return approved(parsed, user, context);
}

function approved(parsed: AuthorizeRequest, user: DirectoryUser, { app, codes }: OAuthContext): Answer {
  const code = codes.issue({
    userId: user.id,
    clientId: app.clientId,
    redirectUri: parsed.redirectUri,
    scopes: parsed.scopes,
    challenge: parsed.challenge,
    nonce: parsed.params.get('nonce') ?? undefined,
  });
  return redirectWith(parsed.redirectUri, { code, state: parsed.params.get('state') });
}

function showLogin(parsed: AuthorizeRequest, context: OAuthContext, complaint?: string): Answer {
  const { directory, app } = context;
  const chosen = userNamed(directory, parsed.params.get('login_hint') ?? '');
  return htmlAnswer(
    200,
    loginPage({ app, users: directory.users(), chosen, hidden: hiddenOf(parsed), complaint }),
  );
}

function hiddenOf({ params }: AuthorizeRequest): [string, string][] {
  return carried.flatMap((name) => {
    const value = params.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
}

function redirectWith(redirectUri: string, values: Record<string, string | null>): Answer {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(values)) if (value !== null) url.searchParams.set(name, value);
  return redirectAnswer(url.href);
}
