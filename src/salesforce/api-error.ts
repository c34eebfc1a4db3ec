import type { ErrorCode } from '../base/error-codes.ts';
import type { AppError } from '../base/errors.ts';
import { runAgain } from '../base/run-again.ts';
import type { Used } from '../sync/ports/call-ledger.ts';
import { parseLimitInfo } from './api-gate.ts';
import { type ErrorBody, parseErrorBody } from './error-body.ts';
import { type Refusal, refusalOf } from './refusals.ts';
import { type RemoteErrorDetails, remoteError } from './remote-error.ts';
import { patienceMs } from './repeat-policy.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface ErrorAnswer {
  status: number;
  header(name: string): string | null;
  body: string;
  /** This machine's clock, ms since 1970. */
  now: number;
  /** Method and path, for people. */
  request: string;
  host: string;
  origin: string;
}

/** Codes that callers act on and that keep their own name. */
const named: readonly ErrorCode[] = [
  'EXCEEDED_ID_LIMIT',
  'INVALID_REPLICATION_DATE',
  'INVALID_QUERY_LOCATOR',
  'INVALID_FIELD',
  'QUERY_TIMEOUT',
];

/** Codes of the limits that requests themselves count towards. */
const requestLimits = new Set([
  'REQUEST_LIMIT_EXCEEDED',
  'CONCURRENT_REQUESTS_LIMIT_EXCEEDED',
  'TOO_MANY_REQUESTS',
]);

/**
 * An error answer as an AppError. Source: REST API Developer Guide, "Status Codes and Error Responses".
 * A 401 is LOGIN_REQUIRED here: whoever may still renew does so before asking.
 */
export function apiError(answer: ErrorAnswer): AppError {
  const body = parseErrorBody(answer.header('content-type'), answer.body);
  const first = body.items[0];
  const details: RemoteErrorDetails = {
    status: answer.status,
    errorCode: first?.code || null,
    retryAfterMs: parseRetryAfter(answer.header('retry-after'), answer.header('date'), answer.now),
    request: answer.request,
    ...(first && first.fields.length > 0 ? { fields: first.fields } : {}),
  };
  const refusal = refusalOf(details.errorCode ?? '');
  if (isSessionRefused(answer.status, body)) return loginRequired(answer, details);
  if (refusal?.kind === 'login') {
    return remoteError('LOGIN_REQUIRED', sentence(answer, body), details, {
      hint: `${refusal.hint} Run: parahack-sync login --instance-url ${answer.origin} --client-id ID`,
    });
  }
  if (refusal?.kind === 'limit' || answer.status === 429) {
    return limitExceeded(answer, first?.message ?? '', details, refusal);
  }
  if (isUnavailable(answer.status, body)) return unavailable(answer, details);
  if (answer.status >= 300 && answer.status < 400) return redirected(answer, details);
  if (answer.status === 500 && saysNothing(details.errorCode, refusal))
    return failedInside(answer, body, details);
  const own = named.find((code) => code === details.errorCode);
  if (own !== undefined) {
    return remoteError(own, sentence(answer, body), details, {
      hint: hintOf(details, refusal),
    });
  }
  const code =
    refusal?.kind !== 'passing'
      ? 'SALESFORCE_ERROR'
      : refusal.about === 'record'
        ? 'REFUSED_FOR_NOW'
        : 'ORG_UNAVAILABLE';
  return remoteError(code, sentence(answer, body), details, { hint: hintOf(details, refusal) });
}

/** Where the same code means another thing when it is read than when a record is written. */
function hintOf({ errorCode, request }: RemoteErrorDetails, refusal: Refusal | null): string {
  if (errorCode === 'INVALID_FIELD')
    return 'The field may have been removed or hidden from this user; the next run asks for the fields anew.';
  const writesNoRecord =
    request.startsWith('GET ') && refusal?.kind === 'record' && refusal.about === 'record';
  return (
    (writesNoRecord ? undefined : refusal?.hint) ??
    `Try once more: ${runAgain}. If it stays, --verbose shows what was asked.`
  );
}

/** Whether an answer says that the access token is no good. userinfo says so by 403 and a bare word. */
export function isSessionRefused(status: number, body: ErrorBody): boolean {
  if (status === 401) return true;
  return status === 403 && (body.text === 'Bad_OAuth_Token' || body.items[0]?.code === 'INVALID_SESSION_ID');
}

function isUnavailable(status: number, body: ErrorBody): boolean {
  // 501 is a part that the server lacks, which waiting does not bring; 500 may be this request's alone.
  if (status >= 502 || status === 420) return true;
  // A success that is here all the same was a page for people.
  if (status < 300) return true;
  return body.kind === 'html';
}

function loginRequired({ host, origin }: ErrorAnswer, details: RemoteErrorDetails): AppError {
  return remoteError('LOGIN_REQUIRED', `Salesforce no longer accepts the login for ${host}.`, details, {
    hint: `Run: parahack-sync login --instance-url ${origin} --client-id ID`,
  });
}

/** The limits of requests share one code; the message, else the usage header, tells them apart. */
function limitExceeded(
  answer: ErrorAnswer,
  message: string,
  details: RemoteErrorDetails,
  refusal: Refusal | null,
): AppError {
  if (refusal?.kind === 'limit' && !requestLimits.has(details.errorCode ?? '')) {
    return remoteError(
      'REQUEST_LIMIT_EXCEEDED',
      `The org ${answer.host} is at one of its limits: ${details.errorCode}${message === '' ? '' : `: ${message}`}`,
      { ...details, limit: 'other' },
      { hint: refusal.hint },
    );
  }
  const concurrent = details.errorCode === 'CONCURRENT_REQUESTS_LIMIT_EXCEEDED';
  if (answer.status === 429 || concurrent || isConcurrent(message, answer.header('sforce-limit-info'))) {
    return remoteError(
      'REQUEST_LIMIT_EXCEEDED',
      `Too many requests to ${answer.host} are under way at once.`,
      { ...details, limit: 'concurrent' },
      { hint: askedToWait(answer, details) ?? 'Try again in a minute, or lower the concurrency.' },
    );
  }
  if (isOfApp(message, answer.header('sforce-limit-info'))) {
    return remoteError(
      'REQUEST_LIMIT_EXCEEDED',
      `The client app has used up the API requests that ${answer.host} gives it.`,
      { ...details, limit: 'app' },
      { hint: 'The org’s administrator can raise the quota of the app. Nothing is lost meanwhile.' },
    );
  }
  return remoteError(
    'REQUEST_LIMIT_EXCEEDED',
    `The org ${answer.host} has used up its API requests of the last 24 hours.`,
    { ...details, limit: 'daily' },
    { hint: 'The limit frees up hour by hour; "parahack-sync limits" shows it. Nothing is lost meanwhile.' },
  );
}

/** What is too long to be sat out within a call is told; null where the org has not asked for that. */
function askedToWait({ now }: ErrorAnswer, { retryAfterMs }: RemoteErrorDetails): string | null {
  if (retryAfterMs === null || retryAfterMs <= patienceMs) return null;
  const until = new Date(now + retryAfterMs).toISOString().replace(/\.\d+/, '');
  return `It asks to be left alone until ${until}: try again then. Nothing is lost meanwhile.`;
}

function isConcurrent(message: string, limitInfo: string | null): boolean {
  if (/^Concurrent/i.test(message)) return true;
  if (/^TotalRequests/i.test(message)) return false;
  const usage = parseLimitInfo(limitInfo, 0);
  return usage !== null && !isUsedUp(usage) && (usage.app === null || !isUsedUp(usage.app));
}

/** Nothing tells what the message of such a refusal is, so the usage header decides. */
function isOfApp(message: string, limitInfo: string | null): boolean {
  if (/^TotalRequests/i.test(message)) return false;
  const usage = parseLimitInfo(limitInfo, 0);
  return usage !== null && usage.app !== null && isUsedUp(usage.app) && !isUsedUp(usage);
}

function isUsedUp({ used, max }: Used): boolean {
  return used >= max;
}

function unavailable(answer: ErrorAnswer, details: RemoteErrorDetails): AppError {
  if (answer.status < 500 && answer.status !== 420) {
    return remoteError(
      'ORG_UNAVAILABLE',
      `In place of an answer of ${answer.host} came a page for people (HTTP ${answer.status}).`,
      details,
      {
        hint: 'A proxy, a firewall or a maintenance page may be in between: open the org in a browser on this machine to see, and see status.salesforce.com.',
      },
    );
  }
  if (answer.status === 420) {
    return remoteError(
      'ORG_UNAVAILABLE',
      `The org ${answer.host} is gone or not ready (HTTP 420).`,
      details,
      {
        hint: 'A scratch org may have expired or been deleted; open it in a browser to see.',
      },
    );
  }
  return remoteError(
    'ORG_UNAVAILABLE',
    `The org ${answer.host} does not serve API requests at the moment (HTTP ${answer.status}).`,
    details,
    {
      hint:
        askedToWait(answer, details) ??
        'It may be under maintenance: see status.salesforce.com, and try again later.',
    },
  );
}

/** Whether a code leaves open what failed. With a 4xx UNKNOWN_EXCEPTION blames the request, with 500 Salesforce itself. */
function saysNothing(errorCode: string | null, refusal: Refusal | null): boolean {
  return refusal === null || errorCode === 'UNKNOWN_EXCEPTION';
}

/** Most often it passes, as the token endpoint's 500 does; the same code for both, so that a script tries later. */
function failedInside(answer: ErrorAnswer, body: ErrorBody, details: RemoteErrorDetails): AppError {
  return remoteError(
    'ORG_UNAVAILABLE',
    sentence(answer, body),
    { ...details, ofRequest: true },
    {
      hint: `Something failed inside Salesforce: in a minute, ${runAgain}; nothing is lost. If it stays, give Salesforce’s support the message with its ErrorId.`,
    },
  );
}

function redirected(answer: ErrorAnswer, details: RemoteErrorDetails): AppError {
  return remoteError(
    'SALESFORCE_ERROR',
    `The org ${answer.host} answered with a redirect (HTTP ${answer.status}), which an API call must not follow.`,
    details,
    { hint: 'If the org’s My Domain was renamed, log in again with the new URL.' },
  );
}

function sentence(answer: ErrorAnswer, body: ErrorBody): string {
  const first = body.items[0];
  if (first === undefined) {
    const said = body.text === null ? '' : `: ${body.text}`;
    return `The org ${answer.host} answered HTTP ${answer.status} to ${answer.request}${said}`;
  }
  const more = body.items.length > 1 ? ` (and ${body.items.length - 1} more)` : '';
  const said = first.code && first.message ? `${first.code}: ${first.message}` : first.code || first.message;
  return `Salesforce refused ${answer.request} with ${said}${more}`;
}
