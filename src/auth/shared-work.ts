import { abortReason, abortReasonOf, throwIfAborted } from '../base/abort.ts';

/**
 * Single flight: whoever joins while work is under way gets its result. A joiner's abort ends only that joiner's
 * wait; the work's own signal aborts when nobody waits for it any more.
 */
export class SharedWork<T> {
  #running: { result: Promise<T>; waiters: number; nobody: AbortController } | null = null;

  async join(start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    if (this.#running === null || this.#running.nobody.signal.aborted) {
      const nobody = new AbortController();
      const flight = { result: start(nobody.signal), waiters: 0, nobody };
      this.#running = flight;
      const end = (): void => {
        if (this.#running === flight) this.#running = null;
      };
      flight.result.then(end, end);
    }
    const flight = this.#running;
    flight.waiters += 1;
    try {
      return await abortable(flight.result, signal);
    } finally {
      flight.waiters -= 1;
      if (flight.waiters === 0) flight.nobody.abort(abortReason());
    }
  }
}

function abortable<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortReasonOf(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
