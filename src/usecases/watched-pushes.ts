import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { isAppError } from '../base/errors.ts';
import type { CyclePush } from '../sync/cycle/cycle.ts';
import type { LeftEntries } from '../sync/push/progress/drain-progress.ts';

/** More are not kept in mind. */
const mostLeft = 10_000;

/** When a watch may send to an org again, by how the last sending ended. */
export class WatchedPushes {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** What waits is tried again in the next cycle, which must not be late for it. */
  readonly patienceMs: number;
  /** Until when the org has asked to be sent nothing, or the share has no call for it; ms, by the monotonic clock. */
  #notBeforeMs = 0;
  /** It is the share that has none. */
  #waitsForShare = false;
  #share: number | null = null;
  #isStuck = false;
  #left: LeftEntries | null = null;
  #noJobs: Error | null = null;
  /** Until when jobs are not tried; ms, by the monotonic clock. */
  #jobsNotBeforeMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, intervalMs: number) {
    this.#clock = clock;
    this.patienceMs = Math.min(60_000, intervalMs / 10);
  }

  isDue(): boolean {
    return this.#clock.monotonicMs() >= this.#notBeforeMs;
  }

  /** The share of the org's calls, as it was connected with: under another one it is not known until when to wait. */
  belongsTo(share: number): void {
    if (this.#share !== null && this.#share !== share && this.#waitsForShare) this.#notBeforeMs = 0;
    this.#share = share;
  }

  /** Sending has ended before all was tried: what programs write goes with the next cycle, however often they do. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** What could not be sent, while all else was: the next cycle tries it, and none of what programs write until then. */
  get left(): LeftEntries | null {
    return this.#left;
  }

  /** Why no ingest job is to be tried yet; null where they are. */
  get noJobs(): Error | null {
    return this.#clock.monotonicMs() < this.#jobsNotBeforeMs ? this.#noJobs : null;
  }

  /** One that was not tried says nothing: what the org has asked for before holds on. */
  heed({ isTried, error, left, noJobs }: Pick<CyclePush, 'isTried' | 'error' | 'left' | 'noJobs'>): void {
    if (!isTried) return;
    if (noJobs !== null && noJobs !== this.#noJobs) {
      this.#noJobs = noJobs;
      this.#jobsNotBeforeMs = this.#after(noJobs);
    }
    // What jobs alone are refused keeps nothing else.
    const held = error === noJobs ? null : error;
    this.#left = held === null ? null : left;
    this.#isStuck = held !== null && (left === null || left.places.size > mostLeft);
    this.#waitsForShare = isAppError(held, 'API_BUDGET_EXHAUSTED');
    this.#notBeforeMs = this.#after(held);
  }

  #after(error: unknown): number {
    return this.#clock.monotonicMs() + (callDetailsOf(error).retryAfterMs ?? 0);
  }
}
