/**
 * Looks at all leases of a process by one timer: a watch holds hundreds, and waking up for each by itself costs more
 * than the looks. Keeps no process alive.
 */
export class LeaseLooks {
  readonly #everyMs: number;
  readonly #looks = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Looks from now on, at the latest after `everyMs`, until the end that is answered. */
  begin(look: () => void): () => void {
    this.#looks.add(look);
    this.#timer ??= setInterval(() => this.#lookAtAll(), this.#everyMs).unref();
    return () => {
      this.#looks.delete(look);
      if (this.#looks.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  #lookAtAll(): void {
    for (const look of [...this.#looks]) look();
  }
}
