import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { constants, gunzipSync } from 'node:zlib';
import { Dispatcher, errors } from 'undici';
import { exchangeLocally, type LocalAnswer } from './local-exchange.ts';

/**
 * undici's side of requests that are answered in this process: what the program gets is what came from a socket, in
 * one piece, and what it meets where that is cut.
 */
export class LocalDispatcher extends Dispatcher {
  readonly #listener: RequestListener;
  readonly #underWay = new Set<Promise<void>>();

  constructor(listener: RequestListener) {
    super();
    this.#listener = listener;
  }

  /** When all requests that have no answer so far are answered; null where there are none. */
  get underWay(): Promise<void> | null {
    return this.#underWay.size === 0 ? null : Promise.all(this.#underWay).then(() => {});
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const control = new LocalController(handler);
    handler.onRequestStart?.(control, null);
    if (control.aborted) return true;
    const answered = this.#answer(options, control).finally(() => this.#underWay.delete(answered));
    this.#underWay.add(answered);
    return true;
  }

  async #answer(options: Dispatcher.DispatchOptions, control: LocalController): Promise<void> {
    const { method, path, origin, headers } = options;
    let body: string;
    try {
      body = await wholeBody(options.body);
    } catch (error) {
      // What never left as a whole has reached nobody.
      return control.fail(error as Error);
    }
    if (control.aborted) return;
    const answer = await exchangeLocally(this.#listener, {
      method,
      path,
      headers: { host: new URL(String(origin)).host, ...lowerCase(headers as Record<string, string>) },
      body,
    });
    control.answer(unpacked(answer));
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}

/**
 * The client would unpack it on a thread of zlib's, whose work nobody here can see: a clock that leaps over quiet times
 * would leap over that one.
 */
function unpacked(answer: LocalAnswer): LocalAnswer {
  const { 'content-encoding': encoding, 'content-length': _, ...headers } = answer.headers;
  if (encoding !== 'gzip') return answer;
  // As much as a cut body holds.
  const body = gunzipSync(answer.body, { finishFlush: constants.Z_SYNC_FLUSH });
  return { ...answer, headers, body };
}

async function wholeBody(body: Dispatcher.DispatchOptions['body']): Promise<string> {
  if (body instanceof Readable) return text(body);
  return (body as string | null | undefined) ?? '';
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

class LocalController implements Dispatcher.DispatchController {
  readonly rawHeaders = null;
  readonly rawTrailers = null;
  readonly #handler: Dispatcher.DispatchHandler;
  aborted = false;
  reason: Error | null = null;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#handler.onResponseError?.(this, reason);
  }

  // An answer is handed over whole, so that there is nothing to hold back.
  readonly paused = false;
  pause(): void {}
  resume(): void {}

  answer({ status, headers, body, cut }: LocalAnswer): void {
    if (this.aborted) return;
    if (cut === 'before') {
      this.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      return;
    }
    this.#handler.onResponseStart?.(this, status, headers, '');
    if (this.aborted) return;
    if (body.length > 0) this.#handler.onResponseData?.(this, body);
    if (cut === 'within') this.fail(new errors.SocketError('other side closed'));
    else this.#handler.onResponseEnd?.(this, {});
  }

  fail(error: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = error;
    this.#handler.onResponseError?.(this, error);
  }
}
