import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { apiError } from './api-error.ts';

const decoders: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Reads a request's body whole and decompresses it, neither beyond `maxBytes`. Rejects with an ApiError for a body
 * that cannot be read.
 */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const raw = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const encoding = message.headers['content-encoding']?.trim().toLowerCase();
  if (!encoding || encoding === 'identity' || raw.length === 0) return raw;
  const decode = decoders[encoding];
  if (!decode) {
    throw apiError(415, 'UNSUPPORTED_MEDIA_TYPE', `Content-Encoding is not supported: ${encoding}`);
  }
  try {
    return await decode(raw, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw apiError(400, 'MALFORMED_REQUEST', `The request body is not valid ${encoding}.`);
  }
}

function tooLarge(maxBytes: number) {
  const message = `The request body is larger than ${Math.floor(maxBytes / 1_048_576)} MB.`;
  return apiError(413, 'REQUEST_ENTITY_TOO_LARGE', message);
}
