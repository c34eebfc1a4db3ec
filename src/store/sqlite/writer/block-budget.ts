/**
 * Bytes on their way to a writer thread. Whoever brings a block waits here for room, first come, first
 * served, and meanwhile reads nothing from its socket: that is the back-pressure.
 */
export class BlockBudget {
  #free: number;
  readonly #size: number;
  readonly #waiting: { bytes: number; grant(): void }[] = [];

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  /** Resolves when there is room for a block; one larger than the budget takes all of it. */
  take(bytes: number): Promise<() => void> {
    const share = Math.min(bytes, this.#size);
    return new Promise((resolve) => {
      const grant = () => {
        this.#free -= share;
        resolve(() => this.#give(share));
      };
      this.#waiting.push({ bytes: share, grant });
      this.#serve();
    });
  }

  #give(share: number): void {
    this.#free += share;
    this.#serve();
  }

  #serve(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && next.bytes <= this.#free;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      next.grant();
    }
  }
}
