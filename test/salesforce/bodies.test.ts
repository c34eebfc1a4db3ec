import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PageBody } from '../../src/sync/ports/page.ts';
import { connected, failure } from './connected.ts';

const megabyte = 1024 * 1024;
const fields = ['Id', 'LastName'];

/** Bytes that differ everywhere, so that a swapped or reused block shows. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = 1; i < length; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) & 0x7fffffff;
    bytes[i] = x >> 16;
  }
  return bytes;
}

async function collect(page: PageBody): Promise<Uint8Array<ArrayBuffer>[]> {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for await (const block of page.blocks) blocks.push(block);
  return blocks;
}

describe('the blocks of a page body', () => {
  it.each([true, false])(
    'carry every byte in order, each in an ArrayBuffer of its own (gzip: %s)',
    async (gzip) => {
      await using c = await connected({ gzip });
      const bytes = noise(3 * megabyte + 12_345);
      c.org.script((request, response) => {
        expect(request.headers['accept-encoding']).toBe(gzip ? 'gzip' : 'identity');
        response.writeHead(200, {
          'content-type': 'text/csv',
          ...(gzip ? { 'content-encoding': 'gzip' } : {}),
        });
        response.end(gzip ? gzipSync(bytes, { level: 1 }) : bytes);
      });
      const blocks = await collect(await c.remote.queries.page('SELECT Id FROM Contact', fields));
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
      expect(new Set(blocks.map((b) => b.buffer)).size).toBe(blocks.length);
      for (const block of blocks) {
        expect(block.byteLength).toBeLessThanOrEqual(megabyte);
        expect(block.byteOffset).toBe(0);
        expect(block.buffer.byteLength).toBe(block.byteLength);
        expect(structuredClone(block, { transfer: [block.buffer] }).byteLength).toBeGreaterThan(0);
      }
      expect(blocks.length).toBeLessThan(20);
    },
  );

  it('carry every byte where the body comes in pieces of any size', async () => {
    await using c = await connected();
    const bytes = noise(4 * megabyte);
    for (const gzip of [false, true]) {
      c.org.script(async (_, response) => {
        const wire = gzip ? gzipSync(bytes, { level: 1 }) : bytes;
        response.writeHead(200, gzip ? { 'content-encoding': 'gzip' } : {});
        for (let from = 0, size = 1; from < wire.length; from += size, size = (size * 7 + 3) % 150_001) {
          if (!response.write(wire.subarray(from, from + size))) {
            await new Promise((resolve) => response.once('drain', resolve));
          }
        }
        response.end();
      });
      const blocks = await collect(await c.remote.queries.page('SELECT Id FROM Contact', fields));
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    }
  });

  it('are none for an empty body', async () => {
    await using c = await connected();
    c.org.script({ body: '' }, { headers: { 'content-encoding': 'gzip' }, body: gzipSync('') });
    expect(await collect(await c.remote.queries.page('SELECT Id FROM Contact', fields))).toEqual([]);
    expect(await collect(await c.remote.queries.page('SELECT Id FROM Contact', fields))).toEqual([]);
  });

  it.each([
    ['plain', noise(megabyte), {}],
    ['gzip', gzipSync(noise(megabyte)), { 'content-encoding': 'gzip' }],
  ])('end with an error where the connection is cut within them (%s)', async (_, bytes, headers) => {
    await using c = await connected();
    c.org.script((__, response: ServerResponse) => {
      response.writeHead(200, {
        'content-type': 'text/csv',
        ...headers,
        'content-length': String(bytes.length),
      });
      response.write(bytes.subarray(0, 700_000), () => response.destroy());
    });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', fields);
    expect(await failure(collect(page))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      details: { network: 'cut' },
    });
    expect(c.org.seen).toHaveLength(1);
  });

  it('end with an error where a gzip body ends too early without a cut', async () => {
    await using c = await connected();
    const whole = gzipSync(noise(100_000));
    c.org.script({ headers: { 'content-encoding': 'gzip' }, body: whole.subarray(0, 50_000) });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', fields);
    expect(await failure(collect(page))).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
  });

  it('end with an AbortError when the caller aborts', async () => {
    await using c = await connected();
    const controller = new AbortController();
    c.org.script((_, response) => void response.writeHead(200).write(noise(megabyte)));
    const page = await c.remote.queries.page('SELECT Id FROM Contact', fields, { signal: controller.signal });
    const reading = failure(
      (async () => {
        for await (const _ of page.blocks) controller.abort();
      })(),
    );
    expect((await reading).name).toBe('AbortError');
  });

  it('free their connection when left early, even before the first', async () => {
    await using c = await connected();
    for (const before of [true, false]) {
      const closed = new Promise<void>((resolve) =>
        c.org.script((_, response) => {
          response.once('close', resolve);
          response.writeHead(200).write(noise(megabyte));
        }),
      );
      const page = await c.remote.queries.page('SELECT Id FROM Contact', fields);
      if (before) await page.blocks[Symbol.asyncIterator]().return?.();
      else for await (const _ of page.blocks) break;
      await closed;
    }
  });

  it('cannot be read twice, which would look like an empty page', async () => {
    await using c = await connected();
    c.org.script({ body: 'x' });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', fields);
    await collect(page);
    expect((await failure(collect(page))).message).toMatch(/once/);
  });

  it('do not run ahead of a slow reader', async () => {
    await using c = await connected({ timeouts: { idleBodyMs: 80 } });
    let written = 0;
    c.org.script(async (_, response) => {
      response.writeHead(200);
      const piece = noise(megabyte);
      for (let i = 0; i < 64 && !response.destroyed; i++) {
        written++;
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end();
    });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', fields);
    const blocks = page.blocks[Symbol.asyncIterator]();
    let bytes = (await blocks.next()).value?.byteLength ?? 0;
    // Longer than the idle limit: our own slowness must not count as the org's.
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(written).toBeLessThan(32);
    for (let next = await blocks.next(); !next.done; next = await blocks.next())
      bytes += next.value.byteLength;
    expect(bytes).toBe(64 * megabyte);
  });
});
