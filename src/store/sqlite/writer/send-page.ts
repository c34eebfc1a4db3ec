import { abortReasonOf, throwIfAborted } from '../../../base/abort.ts';
import type { Semaphore } from '../../../base/semaphore.ts';
import type { PageBody } from '../../../sync/ports/page.ts';
import type { WriterClient } from './writer-client.ts';

export interface PageRoute {
  client: Pick<WriterClient, 'call'>;
  /**
   * Bytes that may be under way to the thread. Whoever brings a block waits here for room, and meanwhile reads nothing
   * from its socket: that is the back-pressure.
   */
  budget: Semaphore;
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
  { client, budget, mirror, page }: PageRoute,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = new EarlyEnd(signal);
  const underWay = new Set<Promise<void>>();
  try {
    for (;;) {
      const next = await end.or(iterator.next());
      if (next.done === true) break;
      const block = next.value;
      const weight = block.buffer.byteLength;
      const release = await roomFor(weight, budget, end);
      const sent: Promise<void> = client
        .call(mirror, 'addBlock', [page, block], { transfer: [block.buffer] })
        .catch((error: unknown) => end.fail(error))
        .finally(() => {
          underWay.delete(sent);
          release();
        });
      underWay.add(sent);
    }
    await end.or(Promise.all(underWay));
    end.check();
  } finally {
    end.forget();
  }
}

/** Room that is given at the very end of its page is given back at once. */
async function roomFor(weight: number, budget: Semaphore, end: EarlyEnd): Promise<() => void> {
  const entering = budget.enter({ weight, signal: end.signal });
  try {
    return await end.or(entering);
  } catch (error) {
    void entering.then(
      (release) => release(),
      () => {},
    );
    throw error;
  }
}

/** What ends a page before its stream does: an abort, or a block that cannot be parsed. */
class EarlyEnd {
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
