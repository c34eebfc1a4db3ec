import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../../base/abort.ts';

/** SQLite is read without a turn of the event loop, and signals are heard between two turns only. */
const turnMs = 50;

/** `batches` as they come, with turns of the event loop in between; throws an AbortError once `signal` has aborted. */
export async function* inTurns<T>(batches: Iterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  let turnedAt = performance.now();
  for (const batch of batches) {
    throwIfAborted(signal);
    yield batch;
    if (performance.now() - turnedAt < turnMs) continue;
    await nextTurn();
    turnedAt = performance.now();
  }
  throwIfAborted(signal);
}
