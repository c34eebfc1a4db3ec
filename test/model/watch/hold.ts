/** Where a process halts in its work, as a machine that sleeps. */
export class Hold {
  readonly #reached = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();
  #left: number;

  /** From 1: which time that it passes is the one. */
  constructor(at: number) {
    this.#left = at;
  }

  /** Never, where it does not come so far. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  async pass(): Promise<void> {
    if (--this.#left !== 0) return;
    this.#reached.resolve();
    await this.#end.promise;
  }

  letGo(): void {
    this.#left = 0;
    this.#end.resolve();
  }
}
