import type { Dispatcher } from 'undici';
import { abortReasonOf, throwIfAborted } from '../base/abort.ts';
import { AnswerTimeout } from './answer-timeout.ts';
import type { Patience } from './timeouts.ts';
import { WireBody } from './wire-body.ts';

export interface WireRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  origin: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface WireAnswer {
  status: number;
  header(name: string): string | null;
  /** Must be read or dropped. */
  body: WireBody;
  /** The headers are in and a slow reader may take its time from here: ends the limit on the whole answer. */
  stream(): void;
}

/**
 * One request and its answer's headers. Nothing is repeated, and no redirect is followed: what a request carries goes
 * to the host that was named and to no other. Rejects with an AbortError on the caller's abort, else with what
 * `networkFailure` tells apart; the body fails the same ways.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: WireRequest,
  { headersMs, idleBodyMs, answerMs }: Patience,
  signal?: AbortSignal,
): Promise<WireAnswer> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortReasonOf(signal));
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(new AnswerTimeout(answerMs)), answerMs);
  const release = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      headersTimeout: headersMs,
      bodyTimeout: idleBodyMs,
      signal: controller.signal,
    });
    body.once('close', release);
    const header = (name: string) => {
      const value = headers[name];
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
    };
    return {
      status: statusCode,
      header,
      body: new WireBody(body, { gzip: isGzip(header('content-encoding'), statusCode) }),
      stream: () => clearTimeout(timer),
    };
  } catch (error) {
    release();
    // Asked of the signal, not of what was thrown: undici calls a refused tunnel an AbortError too.
    throwIfAborted(signal);
    throw error;
  }
}

function isGzip(encoding: string | null, status: number): boolean {
  return /\bgzip\b/i.test(encoding ?? '') && status !== 204 && status !== 304;
}
