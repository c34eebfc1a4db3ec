/** A dead process does nothing any more: every write, send, sleep and lease of it ends with this. */
export class Crash extends Error {
  constructor() {
    super('The process is dead.');
    this.name = 'Crash';
  }
}

/** Where a process can die: at each transaction, request, and removal or move of a file, before it and behind it. */
export interface FailPoint {
  of: 'write' | 'send';
  /** From 1: which of them since it was set. */
  at: number;
  /** `behind`: it is done, and whoever asked for it never learns that. */
  side: 'before' | 'behind';
}

/** Counts what one process writes and sends, and kills it where that was planned. */
export class FailPoints {
  readonly counts = { write: 0, send: 0 };
  #isDead = false;
  #planned: FailPoint | null = null;
  #left = 0;

  get isDead(): boolean {
    return this.#isDead;
  }

  plan(point: FailPoint): void {
    this.#planned = point;
    this.#left = point.at;
  }

  forget(): void {
    this.#planned = null;
  }

  kill(): void {
    this.#isDead = true;
  }

  /** Throws where the process is dead. */
  alive(): void {
    if (this.#isDead) throw new Crash();
  }

  async around<T>(kind: FailPoint['of'], work: () => T | Promise<T>): Promise<T> {
    this.alive();
    this.counts[kind]++;
    const planned = this.#planned;
    const isNow = planned?.of === kind && --this.#left === 0;
    if (isNow && planned.side === 'before') this.#die();
    const value = await work();
    if (isNow) this.#die();
    this.alive();
    return value;
  }

  #die(): never {
    this.#isDead = true;
    throw new Crash();
  }
}
