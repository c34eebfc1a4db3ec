import type { Clock } from '../base/clock.ts';

/** A busy machine is late by seconds, a clock is set right by less than that. */
const leastMs = 30_000;

/**
 * Notices that the machine or this process has stood still: a laptop asleep, a virtual machine or a process halted.
 * Where the monotonic clock stands still too, the wall clock has leapt against it; where it goes on, a wait has ended
 * far too late.
 */
export class Standstill {
  readonly #clock: Clock;
  readonly #wallMs: number;
  readonly #monotonicMs: number;
  readonly #waitMs: number;

  /** Before a wait of `waitMs`. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonicMs();
    this.#waitMs = waitMs;
  }

  /** After it: how long it stood still, milliseconds; 0 where it did not. */
  lastedMs(): number {
    const passedMs = this.#clock.monotonicMs() - this.#monotonicMs;
    const leaptMs = this.#clock.now() - this.#wallMs - passedMs;
    const lasted = Math.max(0, leaptMs) + Math.max(0, passedMs - this.#waitMs);
    return lasted >= leastMs ? lasted : 0;
  }
}
