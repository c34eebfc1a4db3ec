import type { Connection } from 'jsforce/lib/connection.js';
import type { HttpRequest, HttpResponse } from 'jsforce/lib/types/index.js';
import { AppError, isAppError } from '../base/errors.ts';
import type { AnswerBounds } from './answer-bounds.ts';
import type { ApiRequest, Attempt, WholeAnswer } from './api-call.ts';
import type { ApiClient } from './api-client.ts';

export interface JsforceCall {
  connection: Connection;
  /** What the last request of this call came to; null where jsforce gave up before sending. */
  attempt(): Attempt<WholeAnswer> | null;
}

export interface JsforceOptions {
  client: ApiClient;
  instanceUrl: string;
  apiVersion: string;
}

interface CallParts {
  kind: ApiRequest['kind'];
  bounds: AnswerBounds;
  headers?: Record<string, string>;
  confirm?: () => Promise<void>;
  signal?: AbortSignal;
}

/**
 * A jsforce connection for one call, whose requests all pass through the client: jsforce builds the request and
 * reads the body, while tokens, repeats, limits, timeouts and errors stay ours. One for each call, because
 * jsforce's methods neither take a signal nor hand back headers; it is given no token to keep. Loaded on first
 * use: it takes some 100 ms to import.
 */
export async function jsforceCall(
  { client, instanceUrl, apiVersion }: JsforceOptions,
  options: CallParts,
): Promise<JsforceCall> {
  const [{ Connection }, { StreamPromise }, { Transport }, { PassThrough }] = await loadJsforce();
  let attempt: Attempt<WholeAnswer> | null = null;

  class ApiClientTransport extends Transport {
    override httpRequest(request: HttpRequest) {
      const promise = send(request);
      return StreamPromise.create<HttpResponse>(() => ({ stream: new PassThrough(), promise }));
    }
  }
  async function send(request: HttpRequest): Promise<HttpResponse> {
    const apiRequest = toApiRequest(request, options);
    attempt =
      options.kind === 'push'
        ? await client.once(apiRequest)
        : { ok: true, answer: await client.read(apiRequest) };
    if (!attempt.ok) throw attempt.error;
    const { status, text } = attempt.answer;
    // All that is asked this way is answered in JSON; by the answer's own word jsforce would take it for XML or CSV.
    return { statusCode: status, headers: { 'content-type': 'application/json' }, body: text };
  }

  const connection = new Connection({ instanceUrl, version: apiVersion });
  connection._transport = new ApiClientTransport();
  return { connection, attempt: () => attempt };
}

/** What the first call loads. It blocks its thread: whoever waits for something else first may have it loaded meanwhile. */
export function loadJsforce() {
  return Promise.all([
    import('jsforce/lib/connection.js'),
    import('jsforce/lib/util/promise.js'),
    import('jsforce/lib/transport.js'),
    import('node:stream'),
  ]);
}

function toApiRequest(request: HttpRequest, options: CallParts): ApiRequest {
  const url = new URL(request.url);
  return {
    kind: options.kind,
    method: request.method as ApiRequest['method'],
    path: url.pathname + url.search,
    headers: options.headers,
    bounds: options.bounds,
    body: typeof request.body === 'string' ? request.body : undefined,
    confirm: options.confirm,
    signal: options.signal,
  };
}

/** jsforce's own refusals (an argument it does not like) as AppErrors; all others pass. */
export function jsforceError(error: unknown): Error {
  if (isAppError(error) || (error instanceof Error && error.name === 'AbortError')) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('SALESFORCE_ERROR', `The request could not be put together: ${message}`, {
    details: { status: null, errorCode: null, retryAfterMs: null, request: 'jsforce' },
  });
}
