import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodyWatch } from '../../src/wire/body-watch.ts';
import { WireBody } from '../../src/wire/wire-body.ts';

function watch({ maxBytes = Number.MAX_SAFE_INTEGER } = {}): BodyWatch {
  return new BodyWatch({
    maxBytes,
    pace: { graceMs: 10_000, leastBytesPerSecond: 1 },
    monotonicMs: () => performance.now(),
    tooLarge: () => new Error('too large'),
    tooSlow: () => new Error('too slow'),
  });
}

const asItIs = (thrown: unknown) => thrown as Error;

/** A piece in memory of its own, as zlib hands it on. */
function ownPiece(bytes: number): Buffer {
  return Buffer.from(new Uint8Array(randomBytes(bytes)).buffer);
}

type Blocks = AsyncIterable<Uint8Array<ArrayBuffer>>;

async function collect(blocks: Blocks): Promise<Uint8Array<ArrayBuffer>[]> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for await (const block of blocks) all.push(block);
  return all;
}

const blocksOf = (body: WireBody) => collect(body.blocks(watch(), asItIs));

describe('the blocks of a body', () => {
  it('own their memory to its last byte, so that each can be transferred', async () => {
    const bytes = randomBytes(1_300_000);
    for (const gzip of [false, true]) {
      const sent = gzip ? gzipSync(bytes) : bytes;
      const blocks = await blocksOf(
        new WireBody(Readable.from([sent.subarray(0, 7), sent.subarray(7)]), { gzip }),
      );
      expect(
        blocks.map(({ byteOffset, byteLength, buffer }) => [byteOffset, byteLength, buffer.byteLength]),
      ).toEqual([524_288, 524_288, 251_424].map((size) => [0, size, size]));
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    }
  });

  it('give the memory of what they were made of back, but none that somebody else lies in', async () => {
    const alone = [ownPiece(64 * 1024), ownPiece(600_000)];
    const shared = ownPiece(128 * 1024);
    const expected = Buffer.concat([...alone, shared.subarray(0, 100_000)]);
    const neighbour = Buffer.from(shared.subarray(100_000));
    const body = new WireBody(Readable.from([...alone, shared.subarray(0, 100_000)]), { gzip: false });
    expect(Buffer.concat(await blocksOf(body)).equals(expected)).toBe(true);
    expect(alone.map(({ byteLength }) => byteLength)).toEqual([0, 0]);
    expect(shared.subarray(100_000).equals(neighbour)).toBe(true);
  });

  it('end where the body is too large, by the error that it is told as', async () => {
    const source = Readable.from([ownPiece(600_000), ownPiece(600_000)]);
    const blocks = new WireBody(source, { gzip: false }).blocks(
      watch({ maxBytes: 1_000_000 }),
      (thrown) => new Error('told', { cause: thrown }),
    );
    const told = await collect(blocks).catch((error: unknown) => error);
    expect(told).toMatchObject({ message: 'told', cause: { message: 'too large' } });
    expect(source.destroyed).toBe(true);
  });
});

describe('a body that is read whole', () => {
  it('is what came, and is dropped where it is too large', async () => {
    const bytes = randomBytes(200_000);
    const read = (body: Readable, maxBytes?: number) =>
      new WireBody(body, { gzip: true }).whole(watch({ maxBytes }));
    expect((await read(Readable.from([gzipSync(bytes)]))).equals(bytes)).toBe(true);
    const source = Readable.from([gzipSync(bytes)]);
    await expect(read(source, 100_000)).rejects.toThrow('too large');
  });
});
