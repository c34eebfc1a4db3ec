import { apiError } from './api-error.ts';
import { jsonFaultPosition } from './json-fault-position.ts';

/** One request as handlers see it, be it from the wire or a part of a composite request. */
export interface ApiRequest {
  method: string;
  /** Decoded path without query, double slashes collapsed. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string | undefined>;
  /** Decompressed. */
  body: Buffer;
}

export interface ParsedTarget {
  path: string;
  query: URLSearchParams;
}

/**
 * Splits a request target. Double slashes are collapsed, since the Salesforce CLI sends `//services/data`;
 * a malformed escape stays as it was written.
 */
export function parseTarget(target: string): ParsedTarget {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  const rest = absolute ? target.slice(absolute[0].length) : target;
  const mark = rest.indexOf('?');
  const raw = (mark < 0 ? rest : rest.slice(0, mark)).replace(/#.*$/, '');
  const path = `/${raw}`.replace(/\/{2,}/g, '/');
  return { path, query: new URLSearchParams(mark < 0 ? '' : rest.slice(mark + 1)) };
}

export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The body as form parameters (`application/x-www-form-urlencoded`), laid over those of the query. */
export function formOf(request: ApiRequest): URLSearchParams {
  const all = new URLSearchParams(request.query);
  const type = request.headers['content-type'] ?? '';
  if (request.body.length > 0 && !type.includes('json')) {
    for (const [name, value] of new URLSearchParams(request.body.toString('utf8'))) all.set(name, value);
  } else if (request.body.length > 0) {
    const parsed = jsonBody(request);
    if (parsed !== null && typeof parsed === 'object') {
      for (const [name, value] of Object.entries(parsed)) all.set(name, String(value));
    }
  }
  return all;
}

/** Parses the JSON body; JSON_PARSER_ERROR in Salesforce's words where it is none. */
function jsonBody(request: ApiRequest): unknown {
  const type = request.headers['content-type'];
  if (type !== undefined && !/json/i.test(type)) {
    throw apiError(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Type header specified in HTTP request is not supported: ${type.split(';')[0]}`,
    );
  }
  return parseJson(request.body.toString('utf8'));
}

export function parseJson(text: string): unknown {
  if (text.trim() === '') {
    throw apiError(
      400,
      'JSON_PARSER_ERROR',
      'The HTTP entity body is required, but this request has no entity body.',
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw apiError(400, 'JSON_PARSER_ERROR', parserComplaint(text));
  }
}

function parserComplaint(text: string): string {
  const offset = jsonFaultPosition(text);
  const lines = text.slice(0, offset).split('\n');
  const where = `at [line:${lines.length}, column:${(lines.at(-1)?.length ?? 0) + 1}]`;
  const char = text[offset];
  if (char === undefined) return `Unexpected end-of-input ${where}`;
  return `Unexpected character ('${char}' (code ${char.charCodeAt(0)})): expected a valid value ${where}`;
}

/** The JSON body as an object; JSON_PARSER_ERROR where it is an array or a bare value. */
export function jsonObject(request: ApiRequest): Record<string, unknown> {
  const value = jsonBody(request);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw apiError(
      400,
      'JSON_PARSER_ERROR',
      `Unexpected ${Array.isArray(value) ? 'array' : 'value'} where an object was expected at [line:1, column:1]`,
    );
  }
  return value as Record<string, unknown>;
}
