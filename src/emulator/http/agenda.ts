interface Item {
  dueMs: number;
  work: () => void;
}

/**
 * Work that is due at an instant of the org's clock: by a timer while the clock runs on, and before the next request
 * is answered when it has leapt past the instant.
 */
export class Agenda {
  readonly #now: () => number;
  #items: Item[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  at(dueMs: number, work: () => void): void {
    this.#items.push({ dueMs, work });
    this.#items.sort((a, b) => a.dueMs - b.dueMs);
    this.#schedule();
  }

  /** Does what has become due, though its timer may lag behind: the clock was moved, or the machine has slept. */
  catchUp(): void {
    if (this.#items[0] && this.#items[0].dueMs <= this.#now()) this.#run();
  }

  get size(): number {
    return this.#items.length;
  }

  clear(): void {
    this.#items = [];
    clearTimeout(this.#timer);
  }

  #run(): void {
    const now = this.#now();
    while (this.#items[0] && this.#items[0].dueMs <= now) this.#items.shift()?.work();
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = this.#items[0];
    if (!next) return;
    // Node's timers hold 2^31 ms at most; a longer wait wakes up and looks again.
    this.#timer = setTimeout(() => this.#run(), Math.min(Math.max(0, next.dueMs - this.#now()), 2 ** 31 - 1));
    this.#timer.unref();
  }
}
