import { abortReasonOf, throwIfAborted } from '../../src/base/abort.ts';
import type { Clock } from '../../src/base/clock.ts';

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Turns of the event loop without anything new after which everybody is taken to be asleep. */
const quietTurns = 2;

/**
 * Time that passes only where nobody works: while `run` is under way, whoever sleeps is woken as soon as nothing else
 * happens, in the order of the time of waking. Between two runs time stands still, and sleepers with it.
 */
export class VirtualClock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #underWay: () => Promise<void> | null;
  #activity = 0;
  #running = 0;
  #isPumping = false;

  /** `underWay`: the end of what somebody works on who does not sleep meanwhile, as of a request; null where there is none. */
  constructor(now: number, underWay: () => Promise<void> | null) {
    this.#now = now;
    this.#underWay = underWay;
  }

  now(): number {
    return this.#now;
  }

  /** Whoever sleeps until then is woken in the next run. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Something happens: nobody is to be woken for a while. */
  noteActivity(): void {
    this.#activity++;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    void this.#pump();
    try {
      return await work();
    } finally {
      this.#running--;
      // Whoever else was woken comes to its next sleep.
      await this.#quiet();
    }
  }

  /** The clock of one process; once `end` says so, nobody sleeps by it any more. */
  forProcess(end: () => void): Clock {
    return {
      now: () => this.#now,
      monotonicMs: () => this.#now,
      sleep: async (ms, { signal } = {}) => {
        end();
        throwIfAborted(signal);
        await this.#sleep(ms, signal);
        end();
      },
    };
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(abortReasonOf(signal));
      };
      const sleeper = {
        due: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      this.#activity++;
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#running > 0) {
      await this.#quiet();
      if (this.#running === 0) break;
      const first = [...this.#sleepers].reduce<Sleeper | null>(
        (least, one) => (least === null || one.due < least.due ? one : least),
        null,
      );
      if (first === null) continue;
      this.#now = Math.max(this.#now, first.due);
      first.wake();
    }
    this.#isPumping = false;
  }

  async #quiet(): Promise<void> {
    for (let turns = 0; turns < quietTurns; turns++) {
      const before = this.#activity;
      await new Promise((resolve) => setImmediate(resolve));
      const underWay = this.#underWay();
      await underWay;
      if (this.#activity !== before || underWay !== null) turns = -1;
    }
  }
}
