import type { Answer } from './answer.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import type { Fault } from './fault.ts';

const statusOf: Record<string, number> = {
  INVALID_SESSION_ID: 401,
  REQUEST_LIMIT_EXCEEDED: 403,
  API_DISABLED_FOR_ORG: 403,
  INSUFFICIENT_ACCESS: 403,
  NOT_FOUND: 404,
  ENTITY_IS_DELETED: 404,
  SERVER_UNAVAILABLE: 503,
  UNKNOWN_EXCEPTION: 500,
  server_error: 500,
  temporarily_unavailable: 503,
};

const messageOf: Record<string, string> = {
  INVALID_SESSION_ID: 'Session expired or invalid',
  REQUEST_LIMIT_EXCEEDED: 'TotalRequests Limit exceeded.',
  SERVER_UNAVAILABLE: 'Server unavailable',
  UNABLE_TO_LOCK_ROW: 'unable to obtain exclusive access to this record',
  QUERY_TIMEOUT: 'Your query request was running for too long.',
  INVALID_QUERY_LOCATOR: 'invalid query locator',
  invalid_grant: 'expired access/refresh token',
  invalid_client: 'invalid client credentials',
  invalid_client_id: 'client identifier invalid',
  invalid_app_access: 'user is not admin approved to access this app',
  app_not_found: 'External client app is not installed in this org',
  inactive_user: 'user is inactive',
  inactive_org: 'organization is inactive',
  rate_limit_exceeded: 'login rate exceeded',
  server_error: 'an unexpected error occurred',
  temporarily_unavailable: 'the service is temporarily unavailable',
  unsupported_grant_type: 'grant type not supported',
};

/** Whether the fault replaces the real answer, as opposed to delaying or cutting it. */
export function replacesAnswer(fault: Fault): boolean {
  return fault.status !== undefined || fault.errorCode !== undefined || fault.body !== undefined;
}

/** The answer that a fault gives in place of the real one: OAuth's form for its endpoints, else the error array. */
export function faultAnswer(fault: Fault, path: string): Answer {
  const code = fault.errorCode;
  const status = fault.status ?? (code === undefined ? 200 : (statusOf[code] ?? 400));
  const headers = fault.headers;
  if (typeof fault.body === 'string') {
    const html = /^\s*</.test(fault.body);
    const type = html ? 'text/html;charset=UTF-8' : 'application/json;charset=UTF-8';
    return { status, headers: { 'Content-Type': type, ...headers }, body: fault.body };
  }
  if (fault.body !== undefined) return jsonAnswer(status, fault.body, headers);
  if (code !== undefined) {
    const message = fault.message ?? messageOf[code] ?? code;
    const body = path.startsWith('/services/oauth2/')
      ? { error: code, error_description: message }
      : [{ message, errorCode: code }];
    return jsonAnswer(status, body, headers);
  }
  if (status < 400) return { status, headers };
  const standard = standardCode(status);
  if (standard)
    return jsonAnswer(status, [{ message: messageOf[standard] ?? standard, errorCode: standard }], headers);
  return textAnswer(status, fault.message ?? '', headers);
}

function standardCode(status: number): string | undefined {
  if (status === 401) return 'INVALID_SESSION_ID';
  if (status === 403) return 'REQUEST_LIMIT_EXCEEDED';
  if (status === 404) return 'NOT_FOUND';
  if (status === 500) return 'UNKNOWN_EXCEPTION';
  if (status === 503) return 'SERVER_UNAVAILABLE';
  return undefined;
}
