import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { openDispatcher } from '../../src/wire/open-dispatcher.ts';

it('drops an idle connection within seconds, however long the host would keep it', async () => {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, answer) => void answer.end('well'));
  const connected = once(server, 'connection') as Promise<[Socket]>;
  server.listen(0);
  await once(server, 'listening');
  const pool = openDispatcher({});
  try {
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const { headers, body } = await pool.request({ origin, path: '/', method: 'GET' });
    await body.dump();
    expect(headers['keep-alive']).toBe('timeout=60');
    const [socket] = await connected;
    const late = new Promise((resolve) => setTimeout(resolve, 8_000, 'still open').unref());
    expect(await Promise.race([once(socket, 'close').then(() => 'closed'), late])).toBe('closed');
  } finally {
    await pool.close();
    server.closeAllConnections();
    server.close();
  }
});
