import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { abortReasonOf, throwIfAborted } from '../base/abort.ts';
import { AnswerTimeout } from './answer-timeout.ts';
import type { Patience } from './timeouts.ts';
import { WireBody } from './wire-body.ts';

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  origin: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  /** What is long is asked for as it leaves, so that it is never whole in memory. */
  body?: string | (() => AsyncIterable<Uint8Array>);
}

export interface WireAnswer {
  status: number;
  header(name: string): string | null;
  /** Must be read or dropped. */
  body: WireBody;
  /** The headers are in and a slow reader may take its time from here: ends the limit on the whole answer. */
  stream(): void;
}

/** A hundred megabytes over a line of a megabit take a quarter of an hour. */
const streamedFactor = 6;

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
  const streamed = typeof request.body === 'function';
  const limitMs = streamed ? answerMs * streamedFactor : answerMs;
  const timer = setTimeout(() => controller.abort(new AnswerTimeout(limitMs)), limitMs);
  const release = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  // undici hears of it only when the connection is made, and then sends nothing.
  const ended = Promise.withResolvers<never>();
  controller.signal.addEventListener('abort', () => ended.reject(controller.signal.reason), { once: true });
  try {
    const asked = dispatcher.request({
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers: request.headers,
      body: bodyOf(request.body),
      headersTimeout: headersMs,
      bodyTimeout: idleBodyMs,
      signal: controller.signal,
    });
    const { statusCode, headers, body } = await Promise.race([asked, ended.promise]);
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

function bodyOf(body: WireRequest['body']): string | Readable | null {
  return typeof body === 'function' ? Readable.from(body(), { objectMode: false }) : (body ?? null);
}

function isGzip(encoding: string | null, status: number): boolean {
  return /\bgzip\b/i.test(encoding ?? '') && status !== 204 && status !== 304;
}
