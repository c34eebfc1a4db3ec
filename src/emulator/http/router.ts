import type { Answer } from './answer.ts';
import { apiError, notFound } from './api-error.ts';
import type { ApiRequest } from './request.ts';
import { decodeSegment } from './request.ts';

export type PathParams = Record<string, string>;
export type Handler<C> = (request: ApiRequest, params: PathParams, context: C) => Answer;

interface Route<C> {
  segments: string[];
  methods: Map<string, Handler<C>>;
}

/**
 * Routes by path segments: `:name` takes one segment, literals win over it. A known path with another
 * method answers 405 METHOD_NOT_ALLOWED with `Allow`, in Salesforce's words.
 */
export class Router<C> {
  readonly #routes: Route<C>[] = [];
  readonly #missing: (path: string) => string | undefined;

  /** `missing` says more of a path that no route answers. */
  constructor(missing: (path: string) => string | undefined = () => undefined) {
    this.#missing = missing;
  }

  on(method: string, pattern: string, handler: Handler<C>): this {
    const segments = pattern.split('/').filter(Boolean);
    const key = segments.join('/');
    let route = this.#routes.find((r) => r.segments.join('/') === key);
    if (!route) {
      route = { segments, methods: new Map() };
      this.#routes.push(route);
    }
    route.methods.set(method, handler);
    return this;
  }

  /** `path` relative to where this router is mounted. HEAD runs the GET handler; the sender drops the body. */
  handle(request: ApiRequest, path: string, context: C): Answer {
    const segments = path.split('/').filter(Boolean).map(decodeSegment);
    const found = this.#find(segments);
    // Where a route takes any name, the name may be one of Salesforce's own.
    if (!found || found.route.segments.at(-1)?.startsWith(':')) {
      const missing = this.#missing(`/${segments.join('/')}`);
      if (!found || missing !== undefined) throw notFound(missing);
    }
    const { route, params } = found;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const allowed = [...route.methods.keys(), ...(route.methods.has('GET') ? ['HEAD'] : [])].sort();
    if (method === 'OPTIONS') return { status: 200, headers: { Allow: allowed.join(',') } };
    const handler = route.methods.get(method);
    if (!handler) {
      const error = apiError(
        405,
        'METHOD_NOT_ALLOWED',
        `HTTP Method '${request.method}' not allowed. Allowed are ${allowed.join(',')}`,
      );
      error.headers.Allow = allowed.join(',');
      throw error;
    }
    return handler(request, params, context);
  }

  #find(segments: string[]): { route: Route<C>; params: PathParams } | undefined {
    let best: { route: Route<C>; params: PathParams; literals: number } | undefined;
    for (const route of this.#routes) {
      if (route.segments.length !== segments.length) continue;
      const params = matchSegments(route.segments, segments);
      if (!params) continue;
      const literals = route.segments.filter((s) => !s.startsWith(':')).length;
      if (!best || literals > best.literals) best = { route, params, literals };
    }
    return best;
  }
}

function matchSegments(pattern: string[], segments: string[]): PathParams | undefined {
  const params: PathParams = {};
  for (const [i, expected] of pattern.entries()) {
    const actual = segments[i] ?? '';
    if (expected.startsWith(':')) params[expected.slice(1)] = actual;
    else if (expected.toLowerCase() !== actual.toLowerCase()) return undefined;
  }
  return params;
}
