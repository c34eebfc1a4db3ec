interface Waiting<S, R> {
  step: S;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Writes each step in a transaction that it shares with all that were asked for while the one before was under way: what
 * has to be on disk before its caller goes on waits for one sync and not for one each. Steps are written in the order
 * in which they were asked for.
 */
export class JoinedWrites<S, R> {
  readonly #write: (steps: readonly S[]) => Promise<readonly R[]>;
  #waiting: Waiting<S, R>[] = [];
  #isWriting = false;

  /** `write` is one transaction with a result per step; where it throws, none of them is written. */
  constructor(write: (steps: readonly S[]) => Promise<readonly R[]>) {
    this.#write = write;
  }

  /** Resolves once the step is on disk. */
  add(step: S): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const joined = this.#waiting;
      this.#waiting = [];
      try {
        const results = await this.#write(joined.map(({ step }) => step));
        joined.forEach(({ resolve }, i) => {
          resolve(results[i] as R);
        });
      } catch (error) {
        for (const { reject } of joined) reject(error);
      }
    }
    this.#isWriting = false;
  }
}
