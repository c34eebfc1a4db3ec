import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import type { PoolOptions } from '../../src/wire/open-dispatcher.ts';
import { openWire } from '../../src/wire/open-wire.ts';
import { connected } from './connected.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A proxy on loopback that forwards plain requests and answers CONNECT as told. */
async function proxy(connectAnswer: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request: IncomingMessage, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { method, headers } = request;
    const onward = httpRequest(request.url ?? '', { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end(connectAnswer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function remoteThrough(options: PoolOptions, instanceUrl: string) {
  const wire = openWire(options);
  open.push(() => wire.close());
  const session = {
    instanceUrl,
    userId: '005000000000001AAA',
    accessToken: async () => 'token',
    renew: async () => 'token',
  };
  return connectRemote({ session, apiVersion: '62.0', wire });
}

describe('a proxy', () => {
  it('carries the requests, but not those to hosts that NO_PROXY names', async () => {
    await using c = await connected();
    c.org.always({ body: { totalSize: 1, done: true, records: [] } });
    const { url, asked } = await proxy('');
    expect(await remoteThrough({ httpProxy: url }, c.org.url).of(contact).count(null)).toBe(1);
    expect(asked).toHaveLength(1);
    const direct = remoteThrough({ httpProxy: url, noProxy: '127.0.0.1' }, c.org.url);
    expect(await direct.of(contact).count(null)).toBe(1);
    expect(asked).toHaveLength(1);
  });

  it('that does not open its tunnel is named, and nothing was sent', async () => {
    const { url, asked } = await proxy('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const remote = remoteThrough({ httpsProxy: url }, 'https://org.example');
    const [outcome] = await remote.of(contact).writes.createMany([{ LastName: 'A' }]);
    expect(outcome).toMatchObject({
      kind: 'not-done',
      error: { code: 'NETWORK_UNREACHABLE', details: { network: 'proxy' } },
    });
    await expect(remote.of(contact).count(null)).rejects.toMatchObject({ details: { network: 'proxy' } });
    expect(asked).toEqual(['CONNECT org.example:443', 'CONNECT org.example:443']);
  });

  it('that hangs up is named too', async () => {
    const { url } = await proxy('');
    const remote = remoteThrough({ httpsProxy: url }, 'https://org.example');
    await expect(remote.of(contact).count(null)).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      details: { network: 'proxy' },
    });
  });

  it('is not taken from the environment behind the caller’s back', async () => {
    await using c = await connected();
    c.org.always({ body: { totalSize: 1, done: true, records: [] } });
    const named = await proxy('');
    process.env.HTTP_PROXY = 'http://127.0.0.1:1';
    open.push(async () => delete process.env.HTTP_PROXY);
    expect(await remoteThrough({ httpsProxy: named.url }, c.org.url).of(contact).count(null)).toBe(1);
    expect(await remoteThrough({}, c.org.url).of(contact).count(null)).toBe(1);
    expect(named.asked).toEqual([]);
  });
});
