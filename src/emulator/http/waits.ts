/** Waits of requests that are held open. None outlasts its emulator, so that a process that ends one ends too. */
export class Waits {
  readonly #timers = new Set<NodeJS.Timeout>();
  #isEnded = false;

  /** Never over where the emulator ends before: whoever waited for the answer has no connection any more. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isEnded) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }

  end(): void {
    this.#isEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
