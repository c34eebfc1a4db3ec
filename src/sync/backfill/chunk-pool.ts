import { throwIfAborted } from '../../base/abort.ts';
import type { Chunk } from './chunk.ts';

export interface ChunkPoolOptions {
  chunks: readonly Chunk[];
  workers: number;
  /** Whether no further chunk is to be begun. */
  isOver(): boolean;
  signal: AbortSignal;
  /** Works on one chunk until it is done, or the time is over; may hand in further chunks by `add`. */
  work(chunk: Chunk, pool: ChunkPoolView): Promise<void>;
}

export interface ChunkPoolView {
  /** `next`: before those that wait. */
  add(chunks: readonly Chunk[], options?: { next?: boolean }): void;
  /** Workers that have nothing to do while others still work. */
  readonly idle: number;
  /** Aborts when the caller's signal does, or another chunk failed. */
  readonly signal: AbortSignal;
}

/**
 * Runs chunks with bounded concurrency. The first failure stops the others at their next page, waits for
 * them, and is thrown; whatever they stored until then stays.
 */
export async function runChunks({ chunks, workers, isOver, signal, work }: ChunkPoolOptions): Promise<void> {
  const queue = [...chunks];
  const stop = new AbortController();
  const bound = AbortSignal.any([signal, stop.signal]);
  const sleepers: (() => void)[] = [];
  let busy = 0;
  let failure: { error: unknown } | null = null;
  const wakeAll = () => {
    for (const wake of sleepers.splice(0)) wake();
  };
  const view: ChunkPoolView = {
    add(more, { next = false } = {}) {
      if (next) queue.unshift(...more);
      else queue.push(...more);
      wakeAll();
    },
    get idle() {
      return queue.length === 0 ? sleepers.length : 0;
    },
    signal: bound,
  };
  const worker = async () => {
    while (failure === null && !isOver()) {
      const chunk = queue.shift();
      if (chunk === undefined) {
        if (busy === 0) return;
        await new Promise<void>((resolve) => sleepers.push(resolve));
        continue;
      }
      busy++;
      try {
        throwIfAborted(bound);
        await work(chunk, view);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      } finally {
        busy--;
        // Sleepers look again: at new chunks, or because nobody works any more.
        if (busy === 0 || queue.length > 0 || failure !== null || isOver()) wakeAll();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, worker));
  if (failure !== null) {
    throwIfAborted(signal);
    throw (failure as { error: unknown }).error;
  }
}
