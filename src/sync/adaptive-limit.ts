/**
 * How many requests may be under way at once: halves when the org says "too much", climbs back by one after
 * each `climbAfter` successes. (Additive increase, multiplicative decrease, as in TCP's RFC 5681.)
 */
export class AdaptiveLimit {
  readonly #max: number;
  readonly #climbAfter: number;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #active = 0;
  #successes = 0;

  constructor(max: number, climbAfter = 20) {
    this.#max = Math.max(1, max);
    this.#limit = this.#max;
    this.#climbAfter = climbAfter;
  }

  get current(): number {
    return this.#limit;
  }

  throttled(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#successes = 0;
  }

  /** Runs `work` in one of the places; the order of waiting is the order of asking. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    while (this.#active >= this.#limit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active++;
    try {
      const result = await work();
      this.#succeeded();
      return result;
    } finally {
      this.#active--;
      this.#waiting.shift()?.();
    }
  }

  #succeeded(): void {
    if (this.#limit >= this.#max || ++this.#successes < this.#climbAfter) return;
    this.#successes = 0;
    this.#limit++;
    this.#waiting.shift()?.();
  }
}
