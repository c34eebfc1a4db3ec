import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { abortReasonOf, throwIfAborted } from '../base/abort.ts';
import type { BodyWatch } from './body-watch.ts';
import { remoteError } from './remote-error.ts';
import type { Timeouts } from './timeouts.ts';

export interface WireRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  origin: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** Method and path, for people. */
  label: string;
}

export interface WireAnswer {
  status: number;
  header(name: string): string | null;
  /** Decompressed. Must be read to its end or destroyed. */
  body: Readable;
  /** The headers are in and a slow reader may take its time from here: ends the limit on the whole answer. */
  stream(): void;
}

/**
 * One request and its answer's headers, nothing repeated. Rejects with an AbortError on the caller's abort, with
 * AppError `TIMEOUT` past `answerMs`, else with undici's own errors; the body fails the same ways.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: WireRequest,
  timeouts: Timeouts,
  signal: AbortSignal | undefined,
): Promise<WireAnswer> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortReasonOf(signal));
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(tooLong(request, timeouts)), timeouts.answerMs);
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
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleBodyMs,
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
      body: decompressed(body, header('content-encoding'), statusCode),
      stream: () => clearTimeout(timer),
    };
  } catch (error) {
    release();
    throw error;
  }
}

function decompressed(body: Readable, encoding: string | null, status: number): Readable {
  // A body that fails before anybody reads it must not take the process down.
  body.on('error', () => {});
  if (encoding === null || !/\bgzip\b/i.test(encoding) || status === 204 || status === 304) return body;
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(body, gunzip, () => {});
  return gunzip;
}

function tooLong(request: WireRequest, timeouts: Timeouts): Error {
  const seconds = Math.round(timeouts.answerMs / 1_000);
  return remoteError(
    'TIMEOUT',
    `${request.label} did not finish within ${seconds} seconds.`,
    { status: null, errorCode: null, retryAfterMs: null, request: request.label },
    { hint: 'Try again; nothing is lost.' },
  );
}

/** The first `maxBytes` of a body, or all of it where it is shorter. */
export async function readStart(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** The whole body, within its watch's bounds. */
export async function readWhole(body: Readable, watch: BodyWatch): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const each = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await watch.wait(() => each.next());
      if (done) return Buffer.concat(chunks);
      watch.took(value.length);
      chunks.push(value);
    }
  } catch (error) {
    body.destroy();
    throw error;
  }
}
