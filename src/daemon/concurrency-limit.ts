import type { Clock } from '../base/clock.ts';
import { Turnstile } from '../base/turnstile.ts';

/**
 * So many may work at once; whoever comes later waits in line, abortably. A slot is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that.
 */
export class ConcurrencyLimit {
  readonly #turnstile: Turnstile;
  readonly #lendMs: number;
  readonly #clock: Clock;

  constructor(count: number, lendMs: number, clock: Clock) {
    this.#turnstile = new Turnstile(count);
    this.#lendMs = lendMs;
    this.#clock = clock;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.#turnstile.enter({ signal });
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
