import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { apiError } from './api-error.ts';

/** An ingest upload may have 150 MB (Bulk API 2.0, "Bulk API limits"); nothing else comes near. */
export const maxBodyBytes = 150 * 1024 * 1024;

const decoders: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** Reads a request's body whole and decompresses it. Rejects with an ApiError for a body that cannot be read. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw apiError(413, 'REQUEST_ENTITY_TOO_LARGE', 'The request body is larger than 150 MB.');
    }
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
    return await decode(raw, { maxOutputLength: maxBodyBytes });
  } catch {
    throw apiError(400, 'MALFORMED_REQUEST', `The request body is not valid ${encoding}.`);
  }
}
