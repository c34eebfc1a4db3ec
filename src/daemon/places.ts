import { throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';

/**
 * So many may work at once; whoever comes later waits in line, abortably. A place is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that.
 */
export class Places {
  #free: number;
  readonly #lendMs: number;
  readonly #clock: Clock;
  readonly #line: (() => void)[] = [];

  constructor(count: number, lendMs: number, clock: Clock) {
    this.#free = count;
    this.#lendMs = lendMs;
    this.#clock = clock;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    const given = new AbortController();
    const give = () => {
      if (given.signal.aborted) return;
      given.abort();
      this.#give();
    };
    this.#clock.sleep(this.#lendMs, { signal: given.signal }).then(give, () => {});
    try {
      return await work();
    } finally {
      give();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#line.splice(this.#line.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#line.push(enter);
    });
  }

  /** A place passes to the next in line, so none is lost between the two. */
  #give(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
