import { Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { ConnectError } from './connect-error.ts';
import { defaultTimeouts } from './timeouts.ts';

export interface PoolOptions {
  connectMs?: number;
  httpsProxy?: string | null;
  httpProxy?: string | null;
  noProxy?: string | null;
}

/** How long a connection may stay open without a request. */
const idleMs = 4_000;

/**
 * A keep-alive connection pool for any number of hosts. `connecting` holds the sockets that are not connected yet, of
 * which undici lets none go before they are or their time is over.
 */
export function openDispatcher(options: PoolOptions, connecting = new Set<Socket>()): Dispatcher {
  const { connectMs = defaultTimeouts.connectMs, httpsProxy, httpProxy, noProxy } = options;
  // HTTP/1.1 only: one answer a connection, so that one slow bulk page never holds back another's bytes.
  // Idle connections are dropped soon, however long the org would keep them: one that it closes in the very moment of
  // a write leaves that in doubt, and a watch of many orgs has no descriptors for idle ones.
  const keepAlive = { keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs };
  const connection = { connect: connectorOf(connectMs, connecting), allowH2: false, ...keepAlive };
  if (!httpsProxy && !httpProxy) return new Agent(connection);
  return new EnvHttpProxyAgent({
    ...connection,
    // An empty text, not undefined: undici would look into the environment by itself.
    httpsProxy: httpsProxy ?? '',
    httpProxy: httpProxy ?? '',
    noProxy: noProxy ?? '',
    proxyTls: { timeout: connectMs },
    requestTls: { timeout: connectMs },
  });
}

/** undici's own, whose failures say that they came before the first byte of a request. */
function connectorOf(connectMs: number, connecting: Set<Socket>): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, allowH2: false });
  return (options, callback) => {
    // It answers the socket, which its type leaves out.
    const begun: unknown = connect(options, (...[error, socket]) => {
      if (begun instanceof Socket) connecting.delete(begun);
      if (error === null) callback(null, socket);
      else callback(new ConnectError(error), null);
    });
    if (begun instanceof Socket) connecting.add(begun);
  };
}
