import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import type { CycleReport } from '../sync/cycle/cycle.ts';

/** When a watch may send to an org again, by how the last sending ended. */
export class WatchedPushes {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** What waits is tried again in the next cycle, which must not be late for it. */
  readonly patienceMs: number;
  /** Until when the org has asked to be sent nothing; ms, by the monotonic clock. */
  #notBeforeMs = 0;
  #isStuck = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>, intervalMs: number) {
    this.#clock = clock;
    this.patienceMs = Math.min(60_000, intervalMs / 10);
  }

  isDue(): boolean {
    return this.#clock.monotonicMs() >= this.#notBeforeMs;
  }

  /** Not everything was sent the last time: what programs write goes with the next cycle, however often they do. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  heed({ error }: CycleReport['push']): void {
    this.#isStuck = error !== null;
    const { retryAfterMs = 0 } = callDetailsOf(error);
    this.#notBeforeMs = this.#clock.monotonicMs() + (retryAfterMs ?? 0);
  }
}
