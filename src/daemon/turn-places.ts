import { abortReason, throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { type ConcurrencyLimit, lookMs } from './concurrency-limit.ts';
import { LongPlace } from './long-place.ts';
import { cycleSlotMs, type LoopLimits } from './loop-limits.ts';
import { SilentTooLong } from './silent-too-long.ts';

export interface TurnPlacesOptions {
  instanceUrl: string;
  limits: LoopLimits;
  clock: Clock;
  signal: AbortSignal;
  /** How long the org has waited for its first answer by now. */
  silentForMs(): number;
  onInLine(): void;
  onWorking(): void;
}

type Work<T> = (end: AbortSignal) => Promise<T>;

/** Where the turns of one org take place, by what its last ones were like. */
export class TurnPlaces {
  readonly #options: TurnPlacesOptions;
  /** Its last cycle took long. */
  #slow = false;
  /** Its last cycle got no answer. */
  #silent = false;

  constructor(options: TurnPlacesOptions) {
    this.#options = options;
  }

  /**
   * Work that keeps others waiting for a short time at most. One that gives no answer while they wait does it once more
   * among the silent ones, and has not failed by that.
   */
  async ofCycle<T>(work: Work<T>): Promise<T> {
    const { cycles, slowCycles } = this.#options.limits;
    try {
      const timed = this.#timed(work);
      const value = this.#silent
        ? await this.#amongSilent(timed)
        : await this.#in(this.#slow ? slowCycles : cycles, timed);
      this.#silent = false;
      return value;
    } catch (error) {
      const mustMove = error instanceof SilentTooLong && !this.#silent;
      this.#silent = error instanceof SilentTooLong || isAppError(error, 'TIMEOUT', 'NETWORK_UNREACHABLE');
      if (mustMove) return this.ofCycle(work);
      throw this.#told(error);
    }
  }

  /** Whether work that may take hours would begin at once. */
  get hasLongPlace(): boolean {
    return this.#options.limits.copies.hasRoom;
  }

  /** Stands in line for such work. */
  inLine(onReady: () => void): LongPlace {
    const { limits, signal, silentForMs } = this.#options;
    return new LongPlace({ places: limits.copies, signal, silentForMs, onReady });
  }

  /** Work that may take hours; `place` is one that is ready. */
  async ofLongWork<T>(work: Work<T>, place: LongPlace | null = null): Promise<T> {
    const { onInLine, onWorking } = this.#options;
    try {
      if (place === null) return await this.#in(this.#options.limits.copies, work);
      onInLine();
      onWorking();
      return await place.use(work);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #timed<T>(work: Work<T>): Work<T> {
    const { clock } = this.#options;
    return async (end) => {
      const startedAt = clock.monotonicMs();
      try {
        return await work(end);
      } finally {
        this.#slow = clock.monotonicMs() - startedAt >= cycleSlotMs;
      }
    };
  }

  /**
   * Among the silent ones, as long as it may be one of them. What has its answer and takes long goes on in a place of the
   * others, so that behind an outage those with much to catch up with do not keep the rest out.
   */
  async #amongSilent<T>(work: Work<T>): Promise<T> {
    const { limits, signal, silentForMs } = this.#options;
    const over = new AbortController();
    const moved = Promise.withResolvers<LongPlace>();
    let going: Promise<T> | null = null;
    const move = async () => {
      await this.#untilAnswered(over.signal);
      throwIfAborted(over.signal);
      const place: LongPlace = new LongPlace({
        ...{ places: limits.cycles, signal, silentForMs },
        onReady: () => moved.resolve(place),
      });
      over.signal.addEventListener('abort', () => place.drop(), { once: true });
    };
    const begin = async (end: AbortSignal): Promise<LongPlace | null> => {
      const done = work(end);
      going = done;
      move().catch(() => {});
      return Promise.race([done.then(() => null), moved.promise]);
    };
    try {
      const place = await this.#in(limits.silentCycles, begin);
      const rest = () => going as Promise<T>;
      return await (place === null ? rest() : place.use(rest));
    } finally {
      over.abort(abortReason());
    }
  }

  /** Until its slot as a silent one would be over and it is none any more. */
  async #untilAnswered(over: AbortSignal): Promise<void> {
    const { clock, silentForMs } = this.#options;
    const startedAt = clock.monotonicMs();
    do await clock.sleep(lookMs, { signal: over });
    while (clock.monotonicMs() - startedAt < cycleSlotMs || silentForMs() > 0);
  }

  #in<T>(places: ConcurrencyLimit, work: Work<T>): Promise<T> {
    const { signal, silentForMs, onInLine, onWorking } = this.#options;
    onInLine();
    const run = (end: AbortSignal) => {
      onWorking();
      return work(end);
    };
    return places.run(signal, { run, silentForMs });
  }

  #told(error: unknown): unknown {
    if (!(error instanceof SilentTooLong)) return error;
    const seconds = Math.round(error.silentForMs / 1_000);
    return new AppError(
      'TIMEOUT',
      `${this.#options.instanceUrl} gave no answer in ${seconds} seconds, and other orgs waited for its place.`,
      { hint: 'It is tried again; nothing is lost.' },
    );
  }
}
