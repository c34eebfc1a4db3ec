import type { Answer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { bearerToken } from '../oauth/bearer-token.ts';
import type { Session } from '../oauth/sessions.ts';
import type { ApiContext } from './api-context.ts';
import type { ApiHost } from './api-host.ts';
import { createApiRouter } from './api-routes.ts';
import { requireApiVersion, versionsAnswer } from './api-versions.ts';
import { requireAvailable } from './available-since.ts';
import { errorToAnswer } from './error-answer.ts';

const router = createApiRouter();

/** Answers `/services/data…`: versions, session, limits, routes. Never throws. */
export function apiAnswer(request: ApiRequest, emulation: ApiHost): Answer {
  const segments = request.path.split('/').filter(Boolean);
  const versionSegment = segments[2];
  let session: Session | undefined;
  try {
    if (versionSegment === undefined) return versionsAnswer();
    session = readSession(request, emulation);
    const { dailyLimit } = emulation.settings;
    // The refused request is not counted: Salesforce's usage stops at the limit.
    if (emulation.usage.used() >= dailyLimit) {
      throw apiError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
    }
    emulation.usage.count(emulation.oauth.app.name);
    const caller = session;
    const answer = emulation.org.asOneRequest(() => routed(request, caller, emulation));
    return withLimits(answer, caller, emulation);
  } catch (error) {
    const answer = errorToAnswer(error, request, emulation.settings.duplicateResultKey);
    return session ? withLimits(answer, session, emulation) : answer;
  }
}

function routed(request: ApiRequest, session: Session, emulation: ApiHost): Answer {
  const segments = request.path.split('/').filter(Boolean);
  const versionNumber = requireApiVersion(segments[2] ?? '');
  const context: ApiContext = {
    emulation,
    session,
    actor: { userId: session.userId },
    versionNumber,
    apiVersion: `${versionNumber}.0`,
    base: `/services/data/v${versionNumber}.0`,
    dispatch: (sub) => subAnswer(sub, session, emulation),
  };
  const path = `/${segments.slice(3).join('/')}`;
  requireAvailable(path, versionNumber);
  return router.handle(overridden(request), path, context);
}

/** A part of a composite request: the same routes, without counting, and errors as answers. */
function subAnswer(request: ApiRequest, session: Session, emulation: ApiHost): Answer {
  try {
    return routed(request, session, emulation);
  } catch (error) {
    return errorToAnswer(error, request, emulation.settings.duplicateResultKey);
  }
}

/** `?_HttpMethod=PATCH` lets clients without PATCH send a POST (REST API, Using HTTP Methods). */
function overridden(request: ApiRequest): ApiRequest {
  const method = request.query.get('_HttpMethod');
  return method && request.method === 'POST' ? { ...request, method: method.toUpperCase() } : request;
}

function readSession(request: ApiRequest, { oauth }: ApiHost): Session {
  const header = request.headers.authorization;
  const token = bearerToken(header);
  if (token === undefined && header !== undefined && !/^\s*(bearer|oauth)\b/i.test(header)) {
    throw apiError(401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE');
  }
  const session = token === undefined ? undefined : oauth.sessions.find(token);
  if (!session) {
    const error = apiError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    error.headers['WWW-Authenticate'] = 'Token';
    throw error;
  }
  if (!session.scopes.some((scope) => apiScopes.has(scope))) {
    throw apiError(401, 'INVALID_SESSION_ID', 'This session is not valid for use with the REST API');
  }
  return session;
}

/** "api: allows access … using APIs"; full "encompasses all other scopes" but refresh_token (OAuth Tokens and Scopes). */
const apiScopes: ReadonlySet<string> = new Set(['api', 'full']);

/** `Sforce-Limit-Info` of the whole org, with the app's own use where the session came through an app. */
function withLimits(answer: Answer, session: Session, { usage, settings, oauth }: ApiHost): Answer {
  const { dailyLimit } = settings;
  const own = `api-usage=${Math.min(usage.used(), dailyLimit)}/${dailyLimit}`;
  const app =
    session.familyId === undefined
      ? ''
      : `; per-app-api-usage=${usage.usedBy(oauth.app.name)}/${dailyLimit}(appName=${headerSafe(oauth.app.name)})`;
  return { ...answer, headers: { ...answer.headers, 'Sforce-Limit-Info': own + app } };
}

function headerSafe(name: string): string {
  return name.replace(/[^\w .-]/g, '').trim();
}
