import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ApiContext } from './api-context.ts';

import { type ConditionOutcome, checkEtag, etagOf, hasEtag } from './row-etag.ts';

/**
 * Conditional requests on rows by date: to the second, 412 where the row is newer than `If-Unmodified-Since`, 304 where
 * it is not newer than `If-Modified-Since` (REST API, Use Conditional Requests). On a PATCH, `If-Modified-Since`
 * has the same role as in the documentation: the write happens only if the row changed since.
 */
export function checkRowCondition(
  request: ApiRequest,
  object: string,
  id: string,
  context: ApiContext,
): ConditionOutcome {
  if (request.method === 'DELETE') return 'go-on';
  const { emulation, actor } = context;
  const byEtag = 'if-match' in request.headers || 'if-none-match' in request.headers;
  if (byEtag && hasEtag(object)) {
    const row = emulation.org.retrieve(actor, object, id, { apiVersion: context.apiVersion });
    if (checkEtag(request, etagOf(row)) === 'not-modified') return 'not-modified';
  }
  const modifiedSince = headerDate(request, 'if-modified-since');
  const unmodifiedSince = headerDate(request, 'if-unmodified-since');
  if (modifiedSince === undefined && unmodifiedSince === undefined) return 'go-on';
  if (/^contact$/i.test(object) && !emulation.settings.conditionalContact) return 'go-on';
  const forWrite = request.method !== 'GET' && request.method !== 'HEAD';
  const modifiedAtMs = emulation.org.modifiedAtMs(actor, object, id, { forWrite });
  if (modifiedAtMs === undefined) return 'go-on';
  const modifiedAt = Math.floor(modifiedAtMs / 1_000) * 1_000;
  if (unmodifiedSince !== undefined && modifiedAt > unmodifiedSince) {
    throw apiError(412, 'PRECONDITION_FAILED', 'The record has been modified since the specified date.');
  }
  if (modifiedSince !== undefined && modifiedAt <= modifiedSince) {
    if (!forWrite) return 'not-modified';
    throw apiError(412, 'PRECONDITION_FAILED', 'The record has not been modified since the specified date.');
  }
  return 'go-on';
}

/** The three forms of HTTP's dates (RFC 9110, section 5.6.7). */
const httpDate =
  /^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;

/** A date header's instant; 400 where it is no HTTP date, undefined where it is absent. */
export function headerDate(request: ApiRequest, name: string): number | undefined {
  const text = request.headers[name];
  if (text === undefined) return undefined;
  const at = httpDate.test(text) ? Date.parse(/GMT$/.test(text) ? text : `${text} GMT`) : Number.NaN;
  if (Number.isNaN(at)) {
    throw apiError(400, 'MALFORMED_REQUEST', `The value of the ${name} header is not a valid date: ${text}`);
  }
  return at;
}
