/** Differs an answer's time by more from what is expected, it is not believed at once. */
const leapMs = 120_000;
/** The same for a process' first answer against this machine's own clock, which may be somewhat wrong itself. */
const startLeapMs = 300_000;
/**
 * So far ahead no time may stand that was given out while a wrong time was believed. Rows dated with one of them make
 * the mirror tell of a cursor in the future; where none was stored, the org's time goes on as if nothing had been.
 */
const forgottenAheadMs = 300_000;
/** So many answers, each asked for after the one before had come, bear a leap out. */
const answersToBelieve = 3;

/** What an answer's `Date` is worth. `leap`: how far it lies from what was expected, ms. */
export type Observation =
  | { kind: 'expected' }
  | { kind: 'leapt'; leapMs: number }
  | { kind: 'borne-out'; leapMs: number };

interface Candidate {
  offsetMs: number;
  answers: number;
  received: number;
}

/**
 * The org's time, from the `Date` headers of its answers and a monotonic clock. `Date` is written when an
 * answer is made and has whole seconds, so at its receipt the org's time is that or later, never earlier:
 * each answer gives a lower bound, the best of them counts.
 *
 * A cursor follows these times, so one wrong answer must not move them: one that leaps, ahead or back, counts only
 * once further answers agree with it.
 */
export class OrgClock {
  readonly #monotonicMs: () => number;
  readonly #wallMs: (() => number) | null;
  /** Org time less monotonic time. */
  #offsetMs: number | null = null;
  /** Org time less this machine's, when the org's was believed last. */
  #skewMs: number | null = null;
  #candidate: Candidate | null = null;
  #last: number;
  /** The last time given out before a leap ahead was believed. */
  #lastBeforeLeap: number;

  /**
   * `notBefore`: a time that `now()` must lie after, so that a new process never falls behind stored ones. `wallMs`:
   * this machine's clock; without it the first answer is believed whatever it says.
   */
  constructor(monotonicMs: () => number, notBefore = 0, wallMs: (() => number) | null = null) {
    this.#monotonicMs = monotonicMs;
    this.#wallMs = wallMs;
    this.#last = Math.floor(notBefore);
    this.#lastBeforeLeap = this.#last;
  }

  get primed(): boolean {
    return this.#offsetMs !== null;
  }

  /** `date`: ms since 1970; `sent` and `received`: monotonic ms of the request and of its answer's headers. */
  observe(date: number, sent: number, received: number): Observation {
    const offset = date - received;
    const leap = this.#leapOf(offset, received);
    if (leap === 0) {
      this.#believe(date);
      this.#follow(offset, date, sent);
      return { kind: 'expected' };
    }
    if (!this.#isBorneOut(offset, sent, received)) return { kind: 'leapt', leapMs: leap };
    this.#believe(date);
    this.#offsetMs = offset;
    if (leap > 0) this.#lastBeforeLeap = this.#last;
    else if (this.#last > date + forgottenAheadMs) this.#last = this.#lastBeforeLeap;
    return { kind: 'borne-out', leapMs: leap };
  }

  #believe(date: number): void {
    this.#candidate = null;
    if (this.#wallMs !== null) this.#skewMs = date - this.#wallMs();
  }

  /** 0 within the bounds. */
  #leapOf(offset: number, received: number): number {
    if (this.#offsetMs !== null) {
      const leap = offset - this.#offsetMs;
      // A machine that slept: its own clock has leapt as far, while the monotonic one stood still.
      const bothLeapt =
        this.#wallMs !== null &&
        this.#skewMs !== null &&
        Math.abs(offset + received - this.#wallMs() - this.#skewMs) <= leapMs;
      return Math.abs(leap) <= leapMs || bothLeapt ? 0 : leap;
    }
    if (this.#wallMs === null) return 0;
    const leap = offset + received - this.#wallMs();
    return Math.abs(leap) > startLeapMs ? leap : 0;
  }

  #isBorneOut(offsetMs: number, sent: number, received: number): boolean {
    const known = this.#candidate;
    if (known === null || Math.abs(known.offsetMs - offsetMs) > leapMs) {
      this.#candidate = { offsetMs, answers: 1, received };
      return false;
    }
    // Answers that were under way together are one and the same moment's word.
    if (sent < known.received) return false;
    this.#candidate = { offsetMs, answers: known.answers + 1, received };
    return known.answers + 1 >= answersToBelieve;
  }

  #follow(offset: number, date: number, sent: number): void {
    // The answer was made after `sent` and within its second, so the org's time at receipt is before this.
    // An estimate beyond it is wrong: the clocks drift apart, or the org's was set back. `now()` still rises.
    const latest = date + 1_000 - sent;
    if (this.#offsetMs === null || this.#offsetMs > latest || offset > this.#offsetMs) {
      this.#offsetMs = offset;
    }
  }

  /** Strictly increasing whole milliseconds since 1970. Throws before the first answer. */
  now(): number {
    return this.#rise(this.told());
  }

  /** The org's time by its answers alone, whole ms since 1970, whatever is stored. Throws before the first answer. */
  told(): number {
    if (this.#offsetMs === null) throw new Error('The org has not answered yet, so its time is unknown.');
    return Math.floor(this.#monotonicMs() + this.#offsetMs);
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
