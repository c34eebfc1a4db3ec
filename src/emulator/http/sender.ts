import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip, constants as zlibConstants } from 'node:zlib';
import type { Answer } from './answer.ts';

const gzipBytes = promisify(gzip);
/** Below this, compression costs more than it saves. */
const gzipFromBytes = 2_048;
/** Level 1: the emulator shares its machine with what is measured. */
const gzipOptions = { level: zlibConstants.Z_BEST_SPEED };

export interface SendOptions {
  /** The `Date` header. */
  date: Date;
  gzip: boolean;
  /** Destroys the connection once so many bytes of body are out. */
  dropAfterBytes?: number | undefined;
}

export interface Sent {
  bytes: number;
  /** The client got less than the whole answer. */
  cut: boolean;
}

/**
 * Writes an answer to the wire. Streams wait for the client (back-pressure); a client that goes away ends
 * them. Never rejects: a cut connection is a result.
 */
export async function sendAnswer(
  message: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { date, gzip: mayGzip, dropAfterBytes }: SendOptions,
): Promise<Sent> {
  if (response.destroyed || response.headersSent) return { bytes: 0, cut: true };
  response.sendDate = false;
  response.statusCode = answer.status;
  response.setHeader('Date', date.toUTCString());
  response.setHeader('Vary', 'Accept-Encoding');
  for (const [name, value] of Object.entries(answer.headers ?? {})) setHeaderSafely(response, name, value);
  const compress = mayGzip && acceptsGzip(message);
  try {
    const { body } = answer;
    if (message.method === 'HEAD' || answer.status === 204 || answer.status === 304) {
      await end(response);
      return { bytes: 0, cut: false };
    }
    if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
      return await sendStream(response, body, compress, dropAfterBytes);
    }
    return await sendWhole(response, body ?? '', compress, dropAfterBytes);
  } catch {
    response.destroy();
    return { bytes: 0, cut: true };
  } finally {
    answer.onSent?.();
  }
}

async function sendWhole(
  response: ServerResponse,
  body: string | Uint8Array,
  compress: boolean,
  dropAfterBytes: number | undefined,
): Promise<Sent> {
  let bytes: Uint8Array = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  if (compress && bytes.length >= gzipFromBytes) {
    // One wait for the thread pool in place of one for each 16 KB that come out.
    const chunkSize = Math.max(zlibConstants.Z_DEFAULT_CHUNK, bytes.length >> 2);
    bytes = await gzipBytes(bytes, { ...gzipOptions, chunkSize });
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', bytes.length);
  if (dropAfterBytes !== undefined && dropAfterBytes < bytes.length) {
    return await cutAfter(response, bytes.subarray(0, dropAfterBytes));
  }
  await end(response, bytes);
  return { bytes: bytes.length, cut: response.destroyed && !response.writableFinished };
}

async function sendStream(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  compress: boolean,
  dropAfterBytes: number | undefined,
): Promise<Sent> {
  let source: AsyncIterable<Uint8Array> = body;
  if (compress) {
    response.setHeader('Content-Encoding', 'gzip');
    const zip = createGzip(gzipOptions);
    const plain = Readable.from(body);
    plain.once('error', (error) => zip.destroy(error));
    response.once('close', () => plain.destroy());
    source = plain.pipe(zip);
  }
  let bytes = 0;
  for await (const chunk of source) {
    if (response.destroyed) return { bytes, cut: true };
    if (dropAfterBytes !== undefined && bytes + chunk.length > dropAfterBytes) {
      const cut = await cutAfter(response, chunk.subarray(0, dropAfterBytes - bytes));
      return { bytes: bytes + cut.bytes, cut: true };
    }
    bytes += chunk.length;
    if (!response.write(chunk)) await drained(response);
  }
  await end(response);
  return { bytes, cut: response.destroyed && !response.writableFinished };
}

/** Sends the start of a body, lets it reach the client, then cuts the connection. */
async function cutAfter(response: ServerResponse, start: Uint8Array): Promise<Sent> {
  response.flushHeaders();
  if (start.length > 0) await new Promise<void>((resolve) => response.write(start, () => resolve()));
  const { socket } = response;
  // A turn of the event loop, so that what was written leaves before the connection dies.
  await new Promise((resolve) => setImmediate(resolve));
  socket?.destroy();
  return { bytes: start.length, cut: true };
}

async function drained(response: ServerResponse): Promise<void> {
  const controller = new AbortController();
  try {
    await Promise.race([
      once(response, 'drain', { signal: controller.signal }),
      once(response, 'close', { signal: controller.signal }),
    ]);
  } finally {
    controller.abort();
  }
}

function end(response: ServerResponse, bytes?: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    const done = () => resolve();
    if (bytes === undefined) response.end(done);
    else response.end(bytes, done);
  });
}

function acceptsGzip(message: IncomingMessage): boolean {
  const accepted = String(message.headers['accept-encoding'] ?? '');
  return /(^|[\s,])(gzip|x-gzip|\*)(?!\s*;\s*q=0(\.0+)?\s*(,|$))/i.test(accepted);
}

/** A header that Node refuses (a control character in a fault's value, say) is left out, not fatal. */
function setHeaderSafely(response: ServerResponse, name: string, value: string): void {
  try {
    response.setHeader(name, value);
  } catch {
    response.removeHeader(name);
  }
}
