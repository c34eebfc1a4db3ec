import type { ApiRequest } from '../http/request.ts';
import { parseTarget } from '../http/request.ts';

interface SubrequestParts {
  method: string;
  url: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A part of a composite request, as if it had come over the wire. */
export function subRequest({ method, url, body, headers = {} }: SubrequestParts): ApiRequest {
  const { path, query } = parseTarget(url);
  const lower = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toLowerCase(), v]));
  return {
    method: method.toUpperCase(),
    path,
    query,
    headers: { ...lower, 'content-type': 'application/json' },
    body: body === undefined || body === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body), 'utf8'),
  };
}
