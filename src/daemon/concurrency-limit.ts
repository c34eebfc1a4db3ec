import { abortReason } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/semaphore.ts';
import { SilentTooLong } from './silent-too-long.ts';

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
}

/** Work that has a place. */
interface Placed {
  silentForMs(): number;
  /** Once it was ended: how long it had been silent by then. */
  endedAfterMs: number | null;
  end(): void;
}

/** How often work is looked at that takes longer. */
export const lookMs = 500;

/**
 * So many may work at once; whoever comes later waits in line, abortably. A slot is lent for a time: work that takes
 * longer goes on without one, so that it holds up those in line no longer than that. All together are bounded too,
 * because each keeps files and connections open; where all places are taken, those make room that nobody has answered yet.
 */
export class ConcurrencyLimit {
  readonly #slots: Semaphore;
  readonly #all: Semaphore;
  readonly #placed = new Set<Placed>();
  /** In line, or a moment from their place. */
  #coming = 0;
  readonly #options: ConcurrencyLimitOptions;
  readonly #clock: Clock;

  constructor(options: ConcurrencyLimitOptions, clock: Clock) {
    this.#slots = new Semaphore(options.slots);
    this.#all = new Semaphore(options.atMost);
    this.#options = options;
    this.#clock = clock;
  }

  /** Whether whoever comes now need not wait in line. */
  get hasRoom(): boolean {
    return this.#coming === 0 && isOpen(this.#all) && isOpen(this.#slots);
  }

  /** Rejects with `SilentTooLong` where the work was ended to make room. */
  run<T>(signal: AbortSignal, work: LimitedWork<T>): Promise<T> {
    this.#coming++;
    let isComing = true;
    const come = () => {
      if (isComing) this.#coming--;
      isComing = false;
    };
    const inside = this.#all.run(() => this.#inSlot(signal, work, come), { signal });
    // Who is silent for long enough need not wait for a look at it.
    this.#makeRoom();
    return inside.finally(come);
  }

  async #inSlot<T>(signal: AbortSignal, work: LimitedWork<T>, onPlaced: () => void): Promise<T> {
    const leave = await this.#slots.enter({ signal });
    onPlaced();
    const over = new AbortController();
    const tooSilent = new AbortController();
    const placed: Placed = {
      silentForMs: () => work.silentForMs(),
      endedAfterMs: null,
      end: () => tooSilent.abort(abortReason()),
    };
    this.#placed.add(placed);
    this.#watch(placed, leave, over.signal).catch(() => {});
    try {
      return await work.run(AbortSignal.any([signal, tooSilent.signal]));
    } catch (error) {
      if (placed.endedAfterMs !== null && !signal.aborted) throw new SilentTooLong(placed.endedAfterMs);
      throw error;
    } finally {
      this.#placed.delete(placed);
      over.abort();
      leave();
    }
  }

  /** Until the work is over, which rejects. */
  async #watch(placed: Placed, leave: () => void, over: AbortSignal): Promise<void> {
    const { lendMs, lendSilentMs } = this.#options;
    const begunAtMs = this.#clock.monotonicMs();
    for (;;) {
      await this.#clock.sleep(lookMs, { signal: over });
      const tookMs = this.#clock.monotonicMs() - begunAtMs;
      if (placed.silentForMs() >= lendSilentMs || tookMs >= lendMs) leave();
      this.#makeRoom();
    }
  }

  /** Ends no more work than others wait for a place, that first which has been silent for longest. */
  #makeRoom(): void {
    const { silentMs } = this.#options;
    if (this.#all.waiting === 0) return;
    const placed = [...this.#placed];
    const ending = placed.filter(({ endedAfterMs }) => endedAfterMs !== null).length;
    const wanted = this.#all.waiting - ending;
    if (wanted <= 0) return;
    const silent = placed
      .filter(({ endedAfterMs }) => endedAfterMs === null)
      .map((one) => ({ one, forMs: one.silentForMs() }))
      .filter(({ forMs }) => forMs >= silentMs)
      .sort((a, b) => b.forMs - a.forMs);
    for (const { one, forMs } of silent.slice(0, wanted)) {
      one.endedAfterMs = forMs;
      one.end();
    }
  }
}

function isOpen({ inside, limit }: Semaphore): boolean {
  return inside < limit;
}
