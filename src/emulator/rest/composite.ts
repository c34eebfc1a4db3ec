import type { Answer } from '../http/answer.ts';
import { bodyValue, jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { resolveReferences, resolveText } from './composite-references.ts';
import { errorToAnswer } from './error-answer.ts';
import { subRequest } from './subrequest.ts';

export interface Subrequest {
  method: string;
  url: string;
  referenceId: string;
  body: unknown;
  httpHeaders: Record<string, string>;
}

export interface SubrequestResult {
  body: unknown;
  httpHeaders: Record<string, string>;
  httpStatusCode: number;
  referenceId: string;
}

/** Composite: "up to 25 subrequests in a single call. Up to 5 can be query or sObject Collections operations". */
const subrequestLimit = 25;
const wideLimit = 5;

/** POST `/composite`: subrequests in order, later ones referring to earlier results. */
export function composite(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const body = jsonObject(request);
  const subrequests = readSubrequests(body.compositeRequest, 'compositeRequest', subrequestLimit);
  const wide = subrequests.filter((s) => /\/(query|queryAll|composite\/sobjects)\b/i.test(s.url)).length;
  if (wide > wideLimit) {
    throw apiError(
      400,
      'LIMIT_EXCEEDED',
      `At most ${wideLimit} subrequests can be query or sObject Collections operations.`,
    );
  }
  const compositeResponse = runSubrequests(subrequests, body.allOrNone === true, context);
  return jsonAnswer(200, { compositeResponse });
}

/** sObject resources, Query, QueryAll and sObject Collections, and what is not there at all (Composite). */
const composed =
  /^\/services\/data\/v[\d.]+\/(sobjects|query|queryAll|composite\/sobjects|connect|chatter|actions)(\/|$)/i;

/** Thrown inside a transaction to undo it; never leaves this file. */
class RolledBack extends Error {}

/**
 * Runs subrequests in order. With `allOrNone` a failure rolls everything back, and all others answer 400
 * PROCESSING_HALTED; without it only those that refer to a failed one are halted.
 */
export function runSubrequests(
  subrequests: Subrequest[],
  allOrNone: boolean,
  context: ApiContext,
): SubrequestResult[] {
  if (!allOrNone) return runEach(subrequests, false, context).results;
  let outcome: { results: SubrequestResult[]; culprit: number } = { results: [], culprit: -1 };
  try {
    context.emulation.org.transaction(() => {
      outcome = runEach(subrequests, true, context);
      if (outcome.culprit >= 0) throw new RolledBack();
    });
    return outcome.results;
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    return subrequests.map((sub, i) =>
      i === outcome.culprit ? (outcome.results[i] as SubrequestResult) : halted(sub),
    );
  }
}

function runEach(
  subrequests: Subrequest[],
  stopAtFailure: boolean,
  context: ApiContext,
): { results: SubrequestResult[]; culprit: number } {
  const done = new Map<string, unknown>();
  const results: SubrequestResult[] = [];
  for (const [i, sub] of subrequests.entries()) {
    const result = runOne(sub, done, context);
    results.push(result);
    if (result.httpStatusCode < 400) done.set(sub.referenceId, result.body);
    else if (stopAtFailure) return { results, culprit: i };
  }
  return { results, culprit: -1 };
}

function runOne(sub: Subrequest, done: ReadonlyMap<string, unknown>, context: ApiContext): SubrequestResult {
  let answer: Answer;
  try {
    const url = resolveText(sub.url, done);
    const body = resolveReferences(sub.body, done);
    if (!composed.test(url.split('?')[0] ?? '')) {
      throw apiError(400, 'INVALID_INPUT', `This resource cannot be used in a composite request: ${sub.url}`);
    }
    answer = context.dispatch(subRequest({ method: sub.method, url, body, headers: sub.httpHeaders }));
  } catch (error) {
    answer = errorToAnswer(error, subRequest({ method: sub.method, url: sub.url }), '');
  }
  return {
    body: bodyValue(answer) ?? null,
    httpHeaders: locationOnly(answer),
    httpStatusCode: answer.status,
    referenceId: sub.referenceId,
  };
}

function locationOnly({ headers }: Answer): Record<string, string> {
  return headers?.Location === undefined ? {} : { Location: headers.Location };
}

function halted(sub: Subrequest): SubrequestResult {
  return {
    body: [
      {
        errorCode: 'PROCESSING_HALTED',
        message: 'The transaction was rolled back since another operation in the same transaction failed.',
      },
    ],
    httpHeaders: {},
    httpStatusCode: 400,
    referenceId: sub.referenceId,
  };
}

/** Reads and checks the list of subrequests of a composite or of one graph. */
export function readSubrequests(value: unknown, name: string, limit: number): Subrequest[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw apiError(400, 'JSON_PARSER_ERROR', `The ${name} property is required and must be a filled array.`);
  }
  if (value.length > limit) {
    throw apiError(
      400,
      'LIMIT_EXCEEDED',
      `Limit exceeded for ${name}: ${value.length} subrequests, at most ${limit} are allowed.`,
    );
  }
  const seen = new Set<string>();
  return value.map((item: unknown) => {
    const sub = readSubrequest(item);
    if (seen.has(sub.referenceId)) {
      throw apiError(400, 'INVALID_FIELD', `The referenceId ${sub.referenceId} is used more than once.`);
    }
    seen.add(sub.referenceId);
    return sub;
  });
}

/** "Possible values are POST, PUT, PATCH, GET, and DELETE (case sensitive)" (Composite Subrequest). */
const methods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'GET', 'DELETE']);
/** "Don't specify these headers in a subrequest. If you do, the top-level request fails." */
const inherited: ReadonlySet<string> = new Set(['accept', 'authorization', 'content-type']);

function readSubrequest(item: unknown): Subrequest {
  const sub = item !== null && typeof item === 'object' ? (item as Record<string, unknown>) : {};
  const { method, url, referenceId, body, httpHeaders } = sub;
  if (typeof referenceId !== 'string' || referenceId === '') {
    throw apiError(400, 'JSON_PARSER_ERROR', 'Missing required field: referenceId');
  }
  if (!/^\w+$/.test(referenceId)) {
    throw apiError(
      400,
      'JSON_PARSER_ERROR',
      `Provided referenceId ('${referenceId}') must contain only letters, numbers and underscores.`,
    );
  }
  if (typeof method !== 'string') throw apiError(400, 'JSON_PARSER_ERROR', 'Missing required field: method');
  if (!methods.has(method)) {
    throw apiError(400, 'JSON_PARSER_ERROR', `Unknown method of ${referenceId}: ${method}`);
  }
  if (typeof url !== 'string' || !url.startsWith('/services/')) {
    throw apiError(400, 'JSON_PARSER_ERROR', `Unsupported or missing url of ${referenceId}`);
  }
  const headers = httpHeaders !== null && typeof httpHeaders === 'object' ? httpHeaders : {};
  const own = Object.keys(headers ?? {}).find((header) => inherited.has(header.toLowerCase()));
  if (own !== undefined) {
    throw apiError(
      400,
      'INVALID_FIELD',
      `The header ${own} of ${referenceId} is the composite request's own.`,
    );
  }
  return {
    method,
    url,
    referenceId,
    body,
    httpHeaders: Object.fromEntries(Object.entries(headers ?? {}).map(([n, v]) => [n, String(v)])),
  };
}
