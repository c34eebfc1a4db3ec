import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/semaphore.ts';

export interface ConcurrencyLimitOptions {
  /** Slots: so many may work at once, but for those that have outstayed their time. */
  slots: number;
  /** How long a slot is lent. */
  lendMs: number;
  /** So many may work at once, those included that have outstayed their time. */
  atMost: number;
}

/**
 * So many may work at once; whoever comes later waits in line, abortably. A slot is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that. All together are bounded too,
 * because each keeps files and connections open.
 */
export class ConcurrencyLimit {
  readonly #slots: Semaphore;
  readonly #all: Semaphore;
  readonly #lendMs: number;
  readonly #clock: Clock;

  constructor({ slots, lendMs, atMost }: ConcurrencyLimitOptions, clock: Clock) {
    this.#slots = new Semaphore(slots);
    this.#all = new Semaphore(atMost);
    this.#lendMs = lendMs;
    this.#clock = clock;
  }

  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#all.run(() => this.#inSlot(signal, work), { signal });
  }

  async #inSlot<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.#slots.enter({ signal });
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
