import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeContacts } from './fake-contacts.ts';
import { endedSession, routeOf } from './fake-routes.ts';

export interface FakeRequest {
  method: string;
  /** Path and query. */
  url: string;
  body: string;
  headers: IncomingMessage['headers'];
}

export interface FakeAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Replaces the healthy answer of a route; null leaves it. */
export type Hostility = (route: string, healthy: FakeAnswer, request: FakeRequest) => FakeAnswer | null;

/**
 * An org that is healthy until told otherwise: every call of ours is answered as Salesforce would answer it, by a few
 * contacts in memory, and any answer can be replaced by a hostile one. It shares nothing with the emulator, which is
 * a correct org; this one is there to lie. A new call of ours gets a route in `fake-routes.ts` and is then run against
 * every hostile answer.
 */
export class FakeOrg implements AsyncDisposable {
  readonly contacts = new FakeContacts();
  readonly accessToken = '00D000000000062!SECRETfake.token_0123456789abcdef';
  /** Is no longer taken: whoever comes with it has to renew it. */
  readonly endedToken = '00D000000000062!SECRETended.token_0123456789abcdef';
  readonly refreshToken = '5Aep861SECRETrefresh0123456789';
  /** Routes in the order they were asked for. */
  readonly seen: string[] = [];
  /** Added to the wall clock in every `Date` and stamp. */
  clockMs = 0;
  hostility: Hostility | null = null;
  url = '';
  readonly #server = createServer((message, response) => this.#answer(message, response));

  static async start(): Promise<FakeOrg> {
    const org = new FakeOrg();
    await new Promise<void>((resolve) => org.#server.listen(0, '127.0.0.1', resolve));
    org.url = `http://127.0.0.1:${(org.#server.address() as AddressInfo).port}`;
    return org;
  }

  now(): number {
    return Date.now() + this.clockMs;
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const request: FakeRequest = {
      method: message.method ?? '',
      url: message.url ?? '',
      body: Buffer.concat(chunks).toString(),
      headers: message.headers,
    };
    const isEnded = request.headers.authorization?.includes(this.endedToken) ?? false;
    const { name, answer } = isEnded ? endedSession : routeOf(this, request);
    this.seen.push(name);
    const healthy: FakeAnswer = {
      status: answer.status ?? 200,
      headers: {
        'content-type': 'application/json;charset=UTF-8',
        date: new Date(this.now()).toUTCString(),
        'sforce-limit-info': 'api-usage=10/100000',
        ...answer.headers,
      },
      body: Buffer.from(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '')),
    };
    const { status, headers, body } = this.hostility?.(name, healthy, request) ?? healthy;
    const bare = status === 204 || status === 304;
    response.writeHead(status, headers);
    response.end(bare ? undefined : body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
