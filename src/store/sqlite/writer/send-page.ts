import { abortReason, isAbort, throwIfAborted } from '../../../base/abort.ts';
import type { PageBody } from '../../../sync/ports/page.ts';
import type { BlockBudget } from './block-budget.ts';
import type { WriterClient } from './writer-client.ts';

export interface PageRoute {
  client: Pick<WriterClient, 'call'>;
  budget: BlockBudget;
  mirror: string;
  /** Names the page on its writer thread. */
  page: number;
  /** Resolves when the thread has the mirror open. */
  ready(): Promise<void>;
}

/**
 * Transfers a page's blocks to the writer thread as they come, and waits until all are parsed. Whatever
 * goes wrong, the stream is left, so that its connection is freed.
 */
export async function sendPage(body: PageBody, route: PageRoute, signal?: AbortSignal): Promise<void> {
  const { client, mirror, page } = route;
  const { format, fields, expectedRows, mostRows, ids, readAt, partial = false } = body;
  const head = { format, fields, expectedRows, mostRows, ids, readAt, partial };
  const iterator = body.blocks[Symbol.asyncIterator]();
  let ended = false;
  try {
    throwIfAborted(signal);
    await route.ready();
    await client.call(mirror, 'beginPage', [page, head]);
    await sendBlocks(iterator, route, signal);
    ended = true;
    await client.call(mirror, 'endPage', [page]);
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
      const release = await grantedOr(end, budget.take(block.buffer.byteLength));
      const sent: Promise<void> = client
        .call(mirror, 'addBlock', [page, block], [block.buffer])
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

/** A grant that comes after the end is given back at once. */
async function grantedOr(end: EarlyEnd, taking: Promise<() => void>): Promise<() => void> {
  try {
    return await end.or(taking);
  } catch (error) {
    void taking.then((release) => release());
    throw error;
  }
}

/** What ends a page before its stream does: an abort, or a block that cannot be parsed. */
class EarlyEnd {
  readonly #promise: Promise<never>;
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

  /** The end beats a stream that stands still. */
  or<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#promise]);
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#reject(error);
  }

  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.fail(isAbort(reason) ? reason : abortReason());
  };
}
