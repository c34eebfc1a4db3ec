import { createServer } from 'node:net';
import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import { exchange } from '../../src/wire/exchange.ts';
import { openWire, type Wire } from '../../src/wire/open-wire.ts';
import { defaultTimeouts } from '../../src/wire/timeouts.ts';
import { connected, failure } from './connected.ts';

afterEach(() => void vi.useRealTimers());

const session = {
  instanceUrl: 'https://org.example',
  userId: '005000000000001AAA',
  accessToken: async () => 'token',
  renew: async () => 'token',
};

describe('every call has a timeout', () => {
  it('whose defaults are these', () => {
    expect(defaultTimeouts).toEqual({
      connectMs: 10_000,
      headersMs: 150_000,
      idleBodyMs: 60_000,
      answerMs: 300_000,
    });
  });

  it('and the defaults reach every request', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked: Dispatcher.RequestOptions[] = [];
    const silent = {
      request: (options: Dispatcher.RequestOptions) => {
        asked.push(options);
        const signal = options.signal as AbortSignal;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    } as unknown as Dispatcher;
    const wire: Wire = {
      exchange: (...request) => exchange(silent, ...request),
      close: async () => {},
    };
    const remote = connectRemote({ session, apiVersion: '62.0', wire });
    let outcome: unknown;
    void remote
      .of(contact)
      .writes.createIdempotent({ key: 'k', fields: {} })
      .then((o) => {
        outcome = o;
      });
    await vi.advanceTimersByTimeAsync(299_999);
    expect(asked).toMatchObject([{ headersTimeout: 150_000, bodyTimeout: 60_000 }]);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toMatchObject({ kind: 'unknown', error: { code: 'TIMEOUT' } });
  });

  it('for the headers, told apart from an abort, and repeated once', async () => {
    await using c = await connected({ timeouts: { headersMs: 50 } });
    c.org.always(() => {});
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({ code: 'TIMEOUT', details: { status: null } });
    expect(c.org.seen).toHaveLength(2);
  });

  it('for a body that stands still', async () => {
    await using c = await connected({ timeouts: { idleBodyMs: 50 } });
    c.org.script((_, response) => void response.writeHead(200).write('{"totalSize":'));
    c.org.always({ body: { totalSize: 3, done: true, records: [] } });
    expect(await c.remote.of(contact).count(null)).toBe(3);
    c.org.script((_, response) => void response.writeHead(200).write('{"totalSize":'));
    const page = await c.remote.queries.page('SELECT Id FROM Contact', ['Id']);
    const reading = failure(page.blocks[Symbol.asyncIterator]().next());
    expect(await reading).toMatchObject({ code: 'TIMEOUT' });
  });

  it('for a whole answer that only trickles', async () => {
    await using c = await connected({ timeouts: { answerMs: 150 } });
    c.org.always((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(timer));
    });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({ code: 'TIMEOUT' });
  });

  it('which for a streamed body ends with its headers: a slow reader has all the time', async () => {
    await using c = await connected({ timeouts: { answerMs: 100 } });
    c.org.script(async (_, response) => {
      response.writeHead(200).write('a');
      await new Promise((resolve) => setTimeout(resolve, 300));
      response.end('b');
    });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', ['Id']);
    const blocks: Uint8Array[] = [];
    for await (const block of page.blocks) blocks.push(block);
    expect(Buffer.concat(blocks).toString()).toBe('ab');
  });

  it('for the connection, and then surely nothing was sent', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const address = silent.address() as { port: number };
    const sockets = new Set<import('node:net').Socket>();
    silent.on('connection', (socket) => void sockets.add(socket.on('error', () => {})));
    const wire = openWire({ connectMs: 100 });
    const remote = connectRemote({
      session: { ...session, instanceUrl: `https://127.0.0.1:${address.port}` },
      apiVersion: '62.0',
      wire,
    });
    const outcome = await remote.of(contact).writes.createMany([{ LastName: 'A' }]);
    const cause = { message: expect.stringContaining('timeout: 100ms') };
    expect(outcome).toMatchObject([{ kind: 'not-done', error: { code: 'TIMEOUT', cause } }]);
    await wire.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
