import type { Readable } from 'node:stream';
import type { BodyWatch } from './body-watch.ts';

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
