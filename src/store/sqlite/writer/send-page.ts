import { abortReason, isAbort, throwIfAborted } from '../../../base/abort.ts';
import type { PageBody } from '../../../sync/ports/page.ts';
import type { BlockBudget } from './block-budget.ts';
import type { WriterClient } from './writer-client.ts';

export interface PageRoute {
  client: WriterClient;
  budget: BlockBudget;
  path: string;
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
  const { client, path, page } = route;
  const { format, fields, expectedRows, readAt, partial = false } = body;
  const iterator = body.blocks[Symbol.asyncIterator]();
  let ended = false;
  try {
    throwIfAborted(signal);
    await route.ready();
    await client.call(path, 'beginPage', [page, { format, fields, expectedRows, readAt, partial }]);
    await sendBlocks(iterator, route, signal);
    ended = true;
    await client.call(path, 'endPage', [page]);
  } finally {
    // Not awaited: a stream that never answers must not keep its error from being told.
    if (!ended) void iterator.return?.().catch(() => {});
  }
}

async function sendBlocks(
  iterator: AsyncIterator<Uint8Array<ArrayBuffer>>,
  { client, budget, path, page }: PageRoute,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aborted = abortion(signal);
  let fault: { error: unknown } | null = null;
  const underWay = new Set<Promise<void>>();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done === true) break;
      const block = next.value;
      const release = await grantedOr(aborted.promise, budget.take(block.byteLength));
      if (fault !== null) {
        release();
        break;
      }
      const sent: Promise<void> = client
        .call(path, 'addBlock', [page, block], [block.buffer])
        .catch((error: unknown) => {
          fault ??= { error };
        })
        .finally(() => {
          underWay.delete(sent);
          release();
        });
      underWay.add(sent);
    }
    await Promise.all(underWay);
    if (fault !== null) throw (fault as { error: unknown }).error;
  } finally {
    aborted.forget();
  }
}

/** A grant that comes after the abort is given back at once. */
async function grantedOr(aborted: Promise<never>, taking: Promise<() => void>): Promise<() => void> {
  try {
    return await Promise.race([taking, aborted]);
  } catch (error) {
    void taking.then((release) => release());
    throw error;
  }
}

/** A promise that only ever rejects, when `signal` aborts. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  let onAbort = () => {};
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => reject(isAbort(signal?.reason) ? signal?.reason : abortReason());
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  // Nobody may be waiting at the moment.
  promise.catch(() => {});
  return { promise, forget: () => signal?.removeEventListener('abort', onAbort) };
}
