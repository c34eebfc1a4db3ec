import { abortReason } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/semaphore.ts';

export interface ConcurrencyLimitOptions {
  /** Slots: so many may work at once, but for those that have outstayed their time. */
  slots: number;
  /** How long a slot is lent. */
  lendMs: number;
  /** How long it is lent to work that waits for a first answer all the time. */
  lendSilentMs: number;
  /** How long such work may have a place while others wait for one. */
  silentMs: number;
  /** So many may work at once, those included that have outstayed their time. */
  atMost: number;
}

export interface LimitedWork<T> {
  /** `end` aborts with the caller's signal, and where the work was silent for too long while others waited. */
  run(end: AbortSignal): Promise<T>;
  /** How long it has waited for a first answer by now; 0 where it had one, or has asked nothing. */
  silentForMs(): number;
  /** What is thrown where it was ended for its silence. */
  silenceError(silentForMs: number): Error;
}

/** How often work is looked at that takes longer. */
const lookMs = 1_000;

/**
 * So many may work at once; whoever comes later waits in line, abortably. A slot is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that. All together are bounded too,
 * because each keeps files and connections open; where all places are taken, those make room that nobody has answered yet.
 */
export class ConcurrencyLimit {
  readonly #slots: Semaphore;
  readonly #all: Semaphore;
  readonly #options: ConcurrencyLimitOptions;
  readonly #clock: Clock;

  constructor(options: ConcurrencyLimitOptions, clock: Clock) {
    this.#slots = new Semaphore(options.slots);
    this.#all = new Semaphore(options.atMost);
    this.#options = options;
    this.#clock = clock;
  }

  run<T>(signal: AbortSignal, work: LimitedWork<T>): Promise<T> {
    return this.#all.run(() => this.#inSlot(signal, work), { signal });
  }

  async #inSlot<T>(signal: AbortSignal, work: LimitedWork<T>): Promise<T> {
    const leave = await this.#slots.enter({ signal });
    const over = new AbortController();
    const tooSilent = new AbortController();
    let silentForMs = 0;
    const end = (ms: number) => {
      silentForMs = ms;
      tooSilent.abort(abortReason());
    };
    this.#watch(work, { leave, end, over: over.signal }).catch(() => {});
    try {
      return await work.run(AbortSignal.any([signal, tooSilent.signal]));
    } catch (error) {
      if (tooSilent.signal.aborted && !signal.aborted) throw work.silenceError(silentForMs);
      throw error;
    } finally {
      over.abort();
      leave();
    }
  }

  /** Until the work is over, which rejects, or was ended. */
  async #watch(
    { silentForMs }: Pick<LimitedWork<unknown>, 'silentForMs'>,
    { leave, end, over }: { leave(): void; end(silentForMs: number): void; over: AbortSignal },
  ): Promise<void> {
    const { lendMs, lendSilentMs, silentMs } = this.#options;
    const begunAtMs = this.#clock.monotonicMs();
    for (;;) {
      await this.#clock.sleep(lookMs, { signal: over });
      const silent = silentForMs();
      if (silent >= lendSilentMs || this.#clock.monotonicMs() - begunAtMs >= lendMs) leave();
      if (silent >= silentMs && this.#all.waiting > 0) return end(silent);
    }
  }
}
