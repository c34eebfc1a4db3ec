import { abortReasonOf, throwIfAborted } from '../../../base/abort.ts';
import type { PageBody } from '../../../sync/ports/page.ts';
import type { PageEnd, WriterClient } from './writer-client.ts';

export interface PageRoute {
  client: Pick<WriterClient, 'call' | 'sendBlock'>;
  mirror: string;
  /** Whose rows the page holds. */
  object: string;
  /** Names the page on its writer thread. */
  page: number;
  /** Resolves when the thread has the mirror open. */
  ready(): Promise<void>;
}

/**
 * Transfers a page's blocks to the writer thread as they come, and waits until all have been read; whether the page is
 * whole is seen by its commit. Whatever goes wrong, the stream is left, so that its connection is freed.
 */
export async function sendPage(body: PageBody, route: PageRoute, signal?: AbortSignal): Promise<void> {
  const { client, mirror, object, page } = route;
  const { format, fields, expectedRows, mostRows, ids, readAt, partial = false } = body;
  const head = { object, format, fields, expectedRows, mostRows, ids, readAt, partial };
  const iterator = body.blocks[Symbol.asyncIterator]();
  let ended = false;
  try {
    throwIfAborted(signal);
    await route.ready();
    await client.call(mirror, 'beginPage', [page, head]);
    await sendBlocks(iterator, route, signal);
    ended = true;
  } finally {
    // Not awaited: a stream that never answers must not keep its error from being told.
    if (!ended) void iterator.return?.().catch(() => {});
  }
}

async function sendBlocks(
  iterator: AsyncIterator<Uint8Array<ArrayBuffer>>,
  { client, mirror, page }: PageRoute,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = new EarlyEnd(signal);
  const underWay = new Set<Promise<void>>();
  try {
    for (;;) {
      const next = await end.or(iterator.next());
      if (next.done === true) break;
      const { read } = await end.or(client.sendBlock(mirror, page, next.value, end));
      underWay.add(read);
      void read.then(() => underWay.delete(read));
    }
    await end.or(Promise.all(underWay));
    end.check();
  } finally {
    end.forget();
  }
}

/** What ends a page before its stream does: an abort, or a block that cannot be parsed. */
class EarlyEnd implements PageEnd {
  readonly #promise: Promise<never>;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #reject: (error: unknown) => void = () => {};
  #error: unknown;

  constructor(signal: AbortSignal | undefined) {
    this.#promise = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    // Nobody may be waiting at the moment.
    this.#promise.catch(() => {});
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts with the end, for what can leave a line. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The end beats a stream that stands still, and what its own signal ended. */
  or<T>(work: Promise<T>): Promise<T> {
    return Promise.race([this.#promise, work]);
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#reject(error);
    this.#controller.abort();
  }

  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => this.fail(abortReasonOf(this.#signal));
}
