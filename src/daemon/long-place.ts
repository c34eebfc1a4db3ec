import { abortReason } from '../base/abort.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

type Work<T> = (end: AbortSignal) => Promise<T>;

export interface LongPlaceOptions {
  places: ConcurrencyLimit;
  signal: AbortSignal;
  silentForMs(): number;
  /** Called once, as soon as there is a place. */
  onReady(): void;
}

/** A place in line for work that may take hours, held while its org does something else. */
export class LongPlace {
  readonly #dropped = new AbortController();
  readonly #work = Promise.withResolvers<Work<unknown>>();
  readonly #over: Promise<unknown>;
  #isReady = false;
  #isUsed = false;

  constructor({ places, signal, silentForMs, onReady }: LongPlaceOptions) {
    const run = async (end: AbortSignal) => {
      this.#isReady = true;
      onReady();
      const left = Promise.withResolvers<never>();
      end.addEventListener('abort', () => left.reject(abortReason()), { once: true });
      const work = await Promise.race([this.#work.promise, left.promise]);
      return await work(end);
    };
    // Until it is used, what the org is silent for is none of this work's.
    const silent = () => (this.#isUsed ? silentForMs() : 0);
    this.#over = places.run(AbortSignal.any([signal, this.#dropped.signal]), { run, silentForMs: silent });
    this.#over.catch(() => {});
  }

  /** Whether its turn has come. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Does the work in this place, which is given back then. Once at most, and not after `drop`. */
  use<T>(work: Work<T>): Promise<T> {
    this.#isUsed = true;
    this.#work.resolve(work);
    return this.#over as Promise<T>;
  }

  /** Leaves the line, or gives the place back unused. */
  drop(): void {
    this.#dropped.abort(abortReason());
  }
}
