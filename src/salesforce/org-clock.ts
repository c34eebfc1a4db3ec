/**
 * The org's time, from the `Date` headers of its answers and a monotonic clock. `Date` is written when an
 * answer is made and has whole seconds, so at its receipt the org's time is that or later, never earlier:
 * each answer gives a lower bound, the best of them counts.
 */
export class OrgClock {
  readonly #monotonicMs: () => number;
  /** Org time less monotonic time. */
  #offsetMs: number | null = null;
  #last: number;

  /** `notBefore`: a time that `now()` must lie after, so that a new process never falls behind stored ones. */
  constructor(monotonicMs: () => number, notBefore = 0) {
    this.#monotonicMs = monotonicMs;
    this.#last = Math.floor(notBefore);
  }

  get primed(): boolean {
    return this.#offsetMs !== null;
  }

  /** `date`: ms since 1970; `sent` and `received`: monotonic ms of the request and of its answer's headers. */
  observe(date: number, sent: number, received: number): void {
    const offset = date - received;
    // The answer was made after `sent` and within its second, so the org's time at receipt is before this.
    // An estimate beyond it is wrong: the clocks drift apart, or the org's was set back. `now()` still rises.
    const latest = date + 1_000 - sent;
    if (this.#offsetMs === null || this.#offsetMs > latest || offset > this.#offsetMs) {
      this.#offsetMs = offset;
    }
  }

  /** Strictly increasing whole milliseconds since 1970. Throws before the first answer. */
  now(): number {
    if (this.#offsetMs === null) throw new Error('The org has not answered yet, so its time is unknown.');
    return this.#rise(this.#monotonicMs() + this.#offsetMs);
  }

  /**
   * When the very first request was sent, told by its answer: at `date` or later it was answered, and it was
   * sent no longer before than it took.
   */
  firstSentAt(date: number, sent: number, received: number): number {
    return this.#rise(date - (received - sent));
  }

  #rise(ms: number): number {
    this.#last = Math.max(Math.floor(ms), this.#last + 1);
    return this.#last;
  }
}
