import { createHash } from 'node:crypto';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';

/** What a condition on a row leaves to do, where it does not refuse the request. */
export type ConditionOutcome = 'go-on' | 'not-modified';

/** "Supported by sObject Rows (Account records only)" (Conditional Request Headers). */
export function hasEtag(object: string): boolean {
  return object.toLowerCase() === 'account';
}

/** "A hash of the content": of the whole row, whatever fields are asked for. */
export function etagOf(row: unknown): string {
  return `"${createHash('sha1').update(JSON.stringify(row)).digest('base64')}-gzip"`;
}

/**
 * `If-Match` and `If-None-Match` against a row's ETag: 412 where the condition is not met, 304 for a read of what the
 * client has. A PATCH or POST whose header is no list of ETags is answered with 400.
 */
export function checkEtag(request: ApiRequest, etag: string): ConditionOutcome {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const wanted = tagsOf(request, 'if-match', reads);
  if (wanted && !wanted.includes('*') && !wanted.includes(bare(etag))) throw notMet();
  const known = tagsOf(request, 'if-none-match', reads);
  if (!known || !(known.includes('*') || known.includes(bare(etag)))) return 'go-on';
  if (reads) return 'not-modified';
  throw notMet();
}

function notMet() {
  return apiError(412, 'PRECONDITION_FAILED', 'The record does not meet the condition on its ETag.');
}

/** The tags of a header without the mark of compression; undefined where there is no header to heed. */
function tagsOf(request: ApiRequest, name: string, reads: boolean): string[] | undefined {
  const text = request.headers[name]?.trim();
  if (text === undefined) return undefined;
  if (text === '*') return ['*'];
  if (/^(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*$/.test(text)) return text.split(/\s*,\s*/).map(bare);
  if (reads) return undefined;
  throw apiError(400, 'MALFORMED_REQUEST', `The value of the ${name} header is not a list of ETags: ${text}`);
}

function bare(tag: string): string {
  return tag.replace(/-+gzip"$/, '"');
}
