import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/semaphore.ts';

/**
 * So many may work at once; whoever comes later waits in line, abortably. A slot is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that.
 */
export class ConcurrencyLimit {
  readonly #semaphore: Semaphore;
  readonly #lendMs: number;
  readonly #clock: Clock;

  constructor(count: number, lendMs: number, clock: Clock) {
    this.#semaphore = new Semaphore(count);
    this.#lendMs = lendMs;
    this.#clock = clock;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.#semaphore.enter({ signal });
    const ended = new AbortController();
    this.#clock.sleep(this.#lendMs, { signal: ended.signal }).then(leave, () => {});
    try {
      return await work();
    } finally {
      ended.abort();
      leave();
    }
  }
}
