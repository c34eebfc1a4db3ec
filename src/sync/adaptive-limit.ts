import { backoffOrToldMs } from '../base/backoff.ts';
import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { retry } from '../base/retry.ts';
import { Semaphore } from '../base/semaphore.ts';

/** Longest that a refusing org is waited for while nothing gets through; the work can be resumed later. */
const patienceMs = 10 * 60_000;
const silentMs = 30_000;
const climbAfter = 20;
const backoff = { baseMs: 1_000, maxMs: 20_000 };

/**
 * How many requests may be under way at once: falls when the org says "too much", climbs back by one after each
 * twenty successes. (Additive increase, multiplicative decrease, as in TCP's RFC 5681.) What was refused
 * gives its place back, waits and queues again, until nothing has got through for ten minutes. Not kept for the next
 * process: an org that is still crowded says so in the first round trip, which halves the limit.
 */
export class AdaptiveLimit {
  readonly #max: number;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #onStandstill: () => void;
  readonly #semaphore: Semaphore;
  #successes = 0;
  #begun = 0;
  /** Requests up to this one began before the last fall: their refusals say nothing new. */
  #roundEnd = 0;
  /** The least that the refusals of this round may bring the limit to. */
  #floor = 1;
  /** When the first refusal came since a request last got through. */
  #refusedSince: number | null = null;
  #standstillTold = false;

  /** `onStandstill` is told once each time that nothing has got through for half a minute. */
  constructor(max: number, clock: Pick<Clock, 'monotonicMs' | 'sleep'>, onStandstill: () => void = () => {}) {
    this.#max = Math.max(1, max);
    this.#semaphore = new Semaphore(this.#max);
    this.#clock = clock;
    this.#onStandstill = onStandstill;
  }

  get current(): number {
    return this.#semaphore.limit;
  }

  /** Runs `work` in one of the places, again where the org had too much to do; else throws what it throws. */
  run<T>(work: () => Promise<T>, { signal }: { signal: AbortSignal }): Promise<T> {
    // No place is held while waiting.
    return retry(() => this.#attempt(work, signal), {
      clock: this.#clock,
      signal,
      waitMs: (error, refusals) => (isCrowded(error) ? this.#waitAfter(error, refusals) : null),
    });
  }

  async #attempt<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const leave = await this.#semaphore.enter({ signal });
    const request = ++this.#begun;
    try {
      const result = await work();
      this.#gotThrough();
      this.#succeeded();
      return result;
    } catch (error) {
      if (isCrowded(error)) this.#fall(request);
      else this.#gotThrough();
      throw error;
    } finally {
      leave();
    }
  }

  /** At most by half for all the refusals of one round trip, and not below what the org is working on. */
  #fall(request: number): void {
    if (request > this.#roundEnd) {
      this.#roundEnd = this.#begun;
      this.#floor = Math.max(1, Math.floor(this.current / 2));
    }
    const others = this.#semaphore.inside - 1;
    this.#semaphore.limit = Math.min(this.current, Math.max(this.#floor, others));
    this.#successes = 0;
  }

  /** Null where patience would be over by then. */
  #waitAfter(error: unknown, refusals: number): number | null {
    const waitMs = backoffOrToldMs(refusals, callDetailsOf(error).retryAfterMs, backoff);
    const now = this.#clock.monotonicMs();
    this.#refusedSince ??= now;
    const standsMs = now + waitMs - this.#refusedSince;
    if (standsMs > patienceMs) return null;
    if (standsMs > silentMs && !this.#standstillTold) {
      this.#standstillTold = true;
      this.#onStandstill();
    }
    return waitMs;
  }

  #gotThrough(): void {
    this.#refusedSince = null;
    this.#standstillTold = false;
  }

  #succeeded(): void {
    if (this.current >= this.#max || ++this.#successes < climbAfter) return;
    this.#successes = 0;
    this.#semaphore.limit++;
  }
}

/** 503, 429 or the concurrent limit. */
function isCrowded(error: unknown): boolean {
  const { status, limit } = callDetailsOf(error);
  return status === 503 || limit === 'concurrent';
}
