import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';

export interface LocalRequest {
  method: string;
  /** Path and query. */
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string;
}

export interface LocalAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  /** The connection was cut: before any header, or within the body. */
  cut: 'no' | 'before' | 'within';
}

/** One request and its whole answer from a server's listener, without a socket. */
export function exchangeLocally(listener: RequestListener, request: LocalRequest): Promise<LocalAnswer> {
  return new Promise((resolve) => {
    const response = new LocalResponse(request.method, resolve);
    const cut = () => response.cut();
    // What the emulator asks of a socket.
    const socket = { destroy: cut, resetAndDestroy: cut, once: () => {} };
    // Its body is all that a server reads of it.
    const message = {
      method: request.method,
      url: request.path,
      headers: request.headers,
      rawHeaders: Object.entries(request.headers).flat(),
      socket,
      async *[Symbol.asyncIterator]() {
        if (request.body !== '') yield Buffer.from(request.body);
      },
    };
    listener(
      message as unknown as IncomingMessage,
      Object.assign(response, { socket }) as unknown as ServerResponse,
    );
  });
}

/** Collects what a server says, as far as the emulator says it. */
class LocalResponse extends Writable {
  statusCode = 200;
  sendDate = false;
  headersSent = false;
  readonly #headers: Record<string, string> = {};
  readonly #chunks: Buffer[] = [];
  readonly #told: (answer: LocalAnswer) => void;
  readonly #method: string;
  #isOver = false;

  constructor(method: string, told: (answer: LocalAnswer) => void) {
    super();
    this.#method = method;
    this.#told = told;
  }

  setHeader(name: string, value: string | number): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  removeHeader(name: string): void {
    delete this.#headers[name.toLowerCase()];
  }

  flushHeaders(): void {
    this.headersSent = true;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.headersSent = true;
    this.#chunks.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#tell('no');
    done();
  }

  /** As the end of the connection. */
  cut(): void {
    this.#tell(this.headersSent ? 'within' : 'before');
    this.destroy();
  }

  #tell(cut: LocalAnswer['cut']): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const body = this.#method === 'HEAD' ? Buffer.alloc(0) : Buffer.concat(this.#chunks);
    this.#told({ status: this.statusCode, headers: this.#headers, body, cut });
  }
}
