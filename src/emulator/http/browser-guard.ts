import type { IncomingMessage } from 'node:http';

/** Why a request is not answered. */
export interface GuardRefusal {
  readonly status: 403 | 421;
  readonly code: string;
  readonly message: string;
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Keeps web pages out that are open in a browser on this machine. A page can reach every port of loopback, under a
 * name of its own that it lets point there (DNS rebinding) or from its own origin, and here it would find keys and
 * data. So a request must name this emulator as its host, and one that changes something, or goes to the control
 * surface (`guarded`), must not come from another origin's page. Programs send no Origin and are not concerned.
 */
export function guardRefusal(
  message: IncomingMessage,
  { port, guarded }: { port: number; guarded: boolean },
): GuardRefusal | undefined {
  const own = ownHosts(port);
  // The authority of an absolute target counts before Host (RFC 9112 section 3.2.2).
  const named = /^https?:\/\/([^/?#]*)/i.exec(message.url ?? '')?.[1] ?? message.headers.host ?? '';
  if (!own.includes(named.toLowerCase())) {
    return {
      status: 421,
      code: 'MISDIRECTED_REQUEST',
      message: `This emulator answers to ${own.slice(0, 3).join(', ')} only, not to "${named.slice(0, 100)}".`,
    };
  }
  if (!guarded && readingMethods.has((message.method ?? 'GET').toUpperCase())) return undefined;
  if (!isForeign(message, own, port)) return undefined;
  return {
    status: 403,
    code: 'CROSS_ORIGIN_REQUEST',
    message: 'This emulator takes no such request from a web page of another origin.',
  };
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** Programs that write their requests by hand leave the port out; another port is another server's. */
function ownHosts(port: number): string[] {
  return [...loopbackNames.map((name) => `${name}:${port}`), ...loopbackNames];
}

function isForeign({ headers }: IncomingMessage, own: readonly string[], port: number): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  // Pages of other ports of localhost are `same-site`.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin === undefined) return false;
  const pages = port === 80 ? own : own.filter((host) => host.endsWith(`:${port}`));
  return !pages.some((host) => origin.toLowerCase() === `http://${host}`);
}
