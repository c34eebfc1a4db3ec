import type { WireRequest } from '../wire/exchange.ts';

type Headers = Record<string, string>;

/** What every request to an org carries; `own` goes over it. */
export function requestHeaders(
  { product, gzip }: { product: string; gzip: boolean },
  token: string,
  own: Headers | undefined,
  body: WireRequest['body'],
): Headers {
  return {
    authorization: `Bearer ${token}`,
    'user-agent': product,
    'sforce-call-options': `client=${product.split('/', 1)[0]}`,
    accept: 'application/json',
    'accept-encoding': gzip ? 'gzip' : 'identity',
    ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...own,
  };
}

/** Bytes of a GET as it goes over the wire, what the HTTP client adds included. */
export function requestBytes(host: string, path: string, headers: Headers): number {
  const lines = Object.entries({ host, connection: 'keep-alive', ...headers });
  const first = `GET ${path} HTTP/1.1\r\n`.length;
  return lines.reduce((bytes, [name, value]) => bytes + name.length + value.length + 4, first) + 2;
}
