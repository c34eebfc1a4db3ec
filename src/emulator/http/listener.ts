import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** The open sockets of both loopback addresses on one port. */
export interface Listener {
  readonly port: number;
  /** Stops listening and ends every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** Ports to try when the second address is taken where the system chose the first. */
const portAttempts = 20;

/** Listens on 127.0.0.1 and, where there is one, ::1, on the same port; 0 lets the system choose. */
export async function listenOnLoopback(port: number, onRequest: RequestListener): Promise<Listener> {
  for (let attempt = 1; ; attempt++) {
    const first = await listen(createOne(onRequest), port, '127.0.0.1');
    const chosen = (first.address() as AddressInfo).port;
    try {
      const second = await listenIfAvailable(createOne(onRequest), chosen, '::1');
      return toListener(chosen, second ? [first, second] : [first]);
    } catch (error) {
      await closeServer(first);
      if (port !== 0 || attempt >= portAttempts) throw error;
    }
  }
}

function createOne(onRequest: RequestListener): Server {
  const server = createServer(
    {
      // Above Salesforce's own 16,384 bytes, so that their excess is answered in its words.
      maxHeaderSize: 128 * 1_024,
      keepAlive: true,
      keepAliveTimeout: 30_000,
      requestTimeout: 0,
    },
    onRequest,
  );
  server.on('clientError', refuseMalformed);
  return server;
}

/** What cannot be parsed as HTTP gets a plain answer by hand and the connection ends. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = `[{"message":"${status}","errorCode":"MALFORMED_REQUEST"}]`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json;charset=UTF-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function listen(server: Server, port: number, host: string): Promise<Server> {
  server.listen({ port, host, exclusive: true });
  await once(server, 'listening');
  return server;
}

async function listenIfAvailable(server: Server, port: number, host: string): Promise<Server | undefined> {
  try {
    return await listen(server, port, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined;
    throw error;
  }
}

function toListener(port: number, servers: Server[]): Listener {
  const sockets = new Set<Socket>();
  for (const server of servers) {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
  let closing: Promise<void> | undefined;
  return {
    port,
    close() {
      closing ??= (async () => {
        const closed = servers.map(closeServer);
        for (const socket of sockets) socket.destroy();
        await Promise.all(closed);
      })();
      return closing;
    },
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
