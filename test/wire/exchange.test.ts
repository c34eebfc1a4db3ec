import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { networkFailure } from '../../src/wire/network-failure.ts';
import { openWire } from '../../src/wire/open-wire.ts';

const wire = openWire();
const patience = { headersMs: 5_000, idleBodyMs: 5_000, answerMs: 5_000 };
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const get = (origin: string) => ({
  method: 'GET' as const,
  origin,
  path: '/a',
  headers: { authorization: 'Bearer t' },
});

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
}

describe('one exchange', () => {
  it('follows no redirect, so that a token goes to the host that was named alone', async () => {
    const elsewhere = await serve((_, response) => response.end());
    const named = await serve((_, response) =>
      response.writeHead(302, { location: `${elsewhere.origin}/b` }).end(),
    );
    const answer = await wire.exchange(get(named.origin), patience);
    answer.body.drop();
    expect([answer.status, answer.header('location')]).toEqual([302, `${elsewhere.origin}/b`]);
    expect(elsewhere.asked).toEqual([]);
  });

  it('unpacks what comes packed, and reads no more of it than was asked for', async () => {
    const left = Promise.withResolvers<void>();
    const { origin } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      // As long as somebody takes it.
      const endless = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(1_000_000, 'a');
        })(),
      );
      pipeline(endless, createGzip(), response, () => left.resolve());
    });
    const answer = await wire.exchange(get(origin), patience);
    expect((await answer.body.start(1_000)).toString()).toBe('a'.repeat(1_000));
    await left.promise;
  });

  it('is sent once, whatever becomes of it', async () => {
    const { origin, asked } = await serve((request) => request.socket.destroy());
    const failure = networkFailure(await failureOf(wire.exchange(get(origin), patience)), 'GET /a', 'host');
    expect(failure).toMatchObject({ code: 'NETWORK_UNREACHABLE', network: 'cut', unsent: false });
    expect(asked).toEqual(['GET /a']);
  });

  it('that nobody listens to says with which code, and that nothing was sent', async () => {
    const { origin } = await serve(() => {});
    for (const close of open.splice(0)) close();
    const failure = networkFailure(await failureOf(wire.exchange(get(origin), patience)), 'GET /a', 'host');
    expect(failure).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      network: 'unreachable',
      systemCode: 'ECONNREFUSED',
      message: 'No connection to host could be made (ECONNREFUSED).',
      unsent: true,
    });
  });

  it('tells its own time from the caller’s abort', async () => {
    const { origin } = await serve(() => {});
    const late = await failureOf(wire.exchange(get(origin), { ...patience, answerMs: 50 }));
    expect(networkFailure(late, 'GET /a', 'host')).toMatchObject({ code: 'TIMEOUT', unsent: false });
    const stop = new AbortController();
    const stopped = failureOf(wire.exchange(get(origin), patience, stop.signal));
    setTimeout(() => stop.abort(abortReason()), 50);
    expect(await stopped).toMatchObject({ name: 'AbortError' });
  });
});

/** A host that takes connections and never says a word, and how many of them are open. */
async function serveSilence(): Promise<{ port: number; sockets: Set<Socket>; taken: Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}).resume());
    socket.once('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  const taken = once(server, 'connection');
  await once(server, 'listening');
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sockets, taken };
}

describe('a host that takes the connection and says nothing', () => {
  const overTls = ({ port }: { port: number }) => ({
    wire: openWire({ connectMs: 60_000 }),
    origin: `https://127.0.0.1:${port}`,
  });
  const throughProxy = ({ port }: { port: number }) => ({
    wire: openWire({ connectMs: 60_000, httpsProxy: `http://127.0.0.1:${port}` }),
    origin: 'https://x.my.salesforce.com',
  });
  const plain = ({ port }: { port: number }) => ({
    wire: openWire({ connectMs: 60_000 }),
    origin: `http://127.0.0.1:${port}`,
  });
  const ways = [
    ['over TLS', overTls],
    ['as a proxy', throughProxy],
    ['without TLS', plain],
  ] as const;

  it.each(ways)('%s keeps no caller that gives up waiting', async (_, way) => {
    const host = await serveSilence();
    const { wire, origin } = way(host);
    const stop = new AbortController();
    const asked = failureOf(
      wire.exchange(get(origin), { headersMs: 60_000, idleBodyMs: 60_000, answerMs: 60_000 }, stop.signal),
    );
    await host.taken;
    stop.abort(abortReason());
    expect(await asked).toMatchObject({ name: 'AbortError' });
    await wire.close();
    await expect.poll(() => host.sockets.size).toBe(0);
  });

  it.each(ways)('%s keeps no wire open that is closed', async (_, way) => {
    const host = await serveSilence();
    const { wire, origin } = way(host);
    const asked = failureOf(
      wire.exchange(get(origin), { headersMs: 60_000, idleBodyMs: 60_000, answerMs: 60_000 }),
    );
    await host.taken;
    await wire.close();
    await asked;
    await expect.poll(() => host.sockets.size).toBe(0);
  });
});

describe('a body that is asked for as it leaves', () => {
  it('is taken no faster than the other side reads, and never whole', async () => {
    let read = 0;
    let made = 0;
    let aheadMost = 0;
    const { origin } = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => {
        read += chunk.length;
        request.pause();
        setTimeout(() => request.resume(), 2);
      });
      request.on('end', () => response.writeHead(201).end());
    });
    const block = Buffer.alloc(64 * 1024, 'x');
    const body = async function* () {
      for (; made < 32 * 1024 * 1024; made += block.length) {
        aheadMost = Math.max(aheadMost, made - read);
        yield block;
      }
    };
    const answer = await wire.exchange({ ...get(origin), method: 'PUT', body }, patience);
    answer.body.drop();
    expect([answer.status, read]).toEqual([201, 32 * 1024 * 1024]);
    // What the sockets of this machine hold, and no more.
    expect(aheadMost).toBeLessThan(16 * 1024 * 1024);
  });

  it('ends the exchange where it cannot be made', async () => {
    const { origin } = await serve((request, response) => void request.on('end', () => response.end()));
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw new Error('no more');
    };
    expect(await failureOf(wire.exchange({ ...get(origin), method: 'PUT', body }, patience))).toMatchObject({
      message: 'no more',
    });
  });
});
