import { abortReasonOf, throwIfAborted } from './abort.ts';

interface Waiting {
  weight: number;
  enter(): void;
}

/**
 * A fair, weighted semaphore. It lets in so much weight at once; what comes later waits in line, first come, first
 * served. One that weighs more than the limit is let in alone. A small one never overtakes a large one that waits, so
 * that none waits for ever.
 */
export class Semaphore {
  #limit: number;
  #inside = 0;
  readonly #line = new Set<Waiting>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Higher: the next in line come in at once. Lower: whoever is inside stays, and none comes in until it fits. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#serve();
  }

  /** The weight of all that are inside. */
  get inside(): number {
    return this.#inside;
  }

  /**
   * Resolves, once inside, with the way out, which may be called twice. Rejects with an AbortError as soon as `signal`
   * aborts while this one waits: it leaves the line and has taken no place.
   */
  async enter({ weight = 1, signal }: { weight?: number; signal?: AbortSignal } = {}): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#line.size === 0 && this.#fits(weight)) return this.#admit(weight);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#line.delete(waiting);
        reject(abortReasonOf(signal));
        // The next may be one that fits.
        this.#serve();
      };
      const waiting: Waiting = {
        weight,
        enter: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve(this.#admit(weight));
        },
      };
      this.#line.add(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many wait in line. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Runs `work` inside. */
  async run<T>(work: () => Promise<T>, options: { weight?: number; signal?: AbortSignal } = {}): Promise<T> {
    const leave = await this.enter(options);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #fits(weight: number): boolean {
    return this.#inside === 0 || this.#inside + weight <= this.#limit;
  }

  #admit(weight: number): () => void {
    this.#inside += weight;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#inside -= weight;
      this.#serve();
    };
  }

  #serve(): void {
    for (const waiting of this.#line) {
      if (!this.#fits(waiting.weight)) return;
      this.#line.delete(waiting);
      waiting.enter();
    }
  }
}
