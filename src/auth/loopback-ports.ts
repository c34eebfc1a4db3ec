import { createServer, type RequestListener, type Server } from 'node:http';
import { AppError, systemCodeOf } from '../base/errors.ts';

export interface LoopbackServer {
  port: number;
  /** Ends the listeners and whatever connection is still open. */
  close(): Promise<void>;
}

/**
 * Listens on the first of `ports` that is free on both loopback addresses. Both, because a browser may turn
 * `localhost` into either (RFC 8252 section 8.3), and because whoever holds the other one would get the code.
 * A machine without IPv6 (or without IPv4) gets the one it has. Throws AppError `LOGIN_PORT_TAKEN`.
 */
export async function listenOnLoopback(
  ports: readonly number[],
  onRequest: RequestListener,
): Promise<LoopbackServer> {
  for (const port of ports) {
    const server = await tryPort(port, onRequest);
    if (server !== null) return server;
  }
  throw new AppError(
    'LOGIN_PORT_TAKEN',
    `${ports.length === 1 ? `Port ${ports[0]} is` : `The ports ${ports.join(', ')} are all`} in use on this machine.`,
    {
      hint: 'End the other program (perhaps another login), or register a further callback URL with the app and give its port with --port N.',
      details: { ports },
    },
  );
}

async function tryPort(port: number, onRequest: RequestListener): Promise<LoopbackServer | null> {
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(
      servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      ),
    );
  };
  let actualPort = port;
  for (const address of ['127.0.0.1', '::1']) {
    const outcome = await listen(address, actualPort, onRequest);
    if (outcome === 'taken') {
      await close();
      return null;
    }
    if (outcome === 'no-such-address') continue;
    servers.push(outcome);
    const bound = outcome.address();
    if (typeof bound === 'object' && bound !== null) actualPort = bound.port;
  }
  return servers.length === 0 ? null : { port: actualPort, close };
}

function listen(
  host: string,
  port: number,
  onRequest: RequestListener,
): Promise<Server | 'taken' | 'no-such-address'> {
  return new Promise((resolve, reject) => {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, onRequest);
    server.once('error', (error) => {
      const code = systemCodeOf(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve('taken');
      else if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') resolve('no-such-address');
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
