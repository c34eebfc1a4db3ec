import type { Answer } from '../http/answer.ts';
import { bodyValue, jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { subRequest } from './subrequest.ts';

/** Composite Batch: "up to 25 subrequests"; each counts against the limits. */
const subrequestLimit = 25;

/** POST `/composite/batch`: independent subrequests; those skipped after a halt answer 412. */
export function compositeBatch(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { batchRequests, haltOnError } = jsonObject(request);
  if (!Array.isArray(batchRequests) || batchRequests.length === 0) {
    throw apiError(
      400,
      'JSON_PARSER_ERROR',
      'The batchRequests property is required and must be a filled array.',
    );
  }
  if (batchRequests.length > subrequestLimit) {
    throw apiError(
      400,
      'LIMIT_EXCEEDED',
      `Limit exceeded for batchRequests: ${batchRequests.length} subrequests, at most ${subrequestLimit} are allowed.`,
    );
  }
  const { usage, oauth } = context.emulation;
  usage.count(oauth.app.name, batchRequests.length - 1);
  let halted = false;
  const subrequests = batchRequests.map((item) => readBatchItem(item, context));
  const results = subrequests.map((subrequest) => {
    if (halted) return { statusCode: 412, result: [haltedError] };
    const answer = context.dispatch(subrequest);
    if (answer.status >= 400 && haltOnError === true) halted = true;
    return { statusCode: answer.status, result: bodyValue(answer) ?? null };
  });
  return jsonAnswer(200, { hasErrors: results.some((r) => r.statusCode >= 400), results });
}

const haltedError = {
  errorCode: 'BATCH_PROCESSING_HALTED',
  message: 'Batch processing halted per request; subrequest has not been processed',
};

/** Limits, sObject resources, Query, QueryAll and Search, and what is not there at all (Composite Batch). */
const batched =
  /^\/(limits|sobjects|query|queryAll|search|parameterizedSearch|connect|chatter|actions)(\/|$)/i;
const oldestSubrequest = 34;

/** Batch URLs begin at the version: `v62.0/sobjects/…`; the whole path is taken too. */
function readBatchItem(item: unknown, { versionNumber }: ApiContext): ApiRequest {
  const { method, url, richInput } =
    item !== null && typeof item === 'object' ? (item as Record<string, unknown>) : {};
  if (typeof method !== 'string') throw apiError(400, 'JSON_PARSER_ERROR', 'Missing required field: method');
  if (typeof url !== 'string') throw apiError(400, 'JSON_PARSER_ERROR', 'Missing required field: url');
  const whole = url.startsWith('/services/') ? url : `/services/data/${url}`;
  const subrequest = subRequest({ method, url: whole, body: richInput });
  const [, version = '', path = ''] = /^\/services\/data\/v(\d+)\.0(\/.*)?$/i.exec(subrequest.path) ?? [];
  if (!(Number(version) >= oldestSubrequest && Number(version) <= versionNumber)) {
    throw apiError(
      400,
      'INVALID_BATCH_REQUEST',
      `The API version of a subrequest must be from ${oldestSubrequest}.0 to ${versionNumber}.0: ${url}`,
    );
  }
  if (!batched.test(path)) {
    throw apiError(400, 'INVALID_BATCH_REQUEST', `This resource cannot be used in a batch: ${url}`);
  }
  return subrequest;
}
