/** A dead process does nothing any more: every write, send, sleep and lease of it ends with this. */
export class Crash extends Error {
  constructor() {
    super('The process is dead.');
    this.name = 'Crash';
  }
}

/**
 * Where a process can die: at each transaction of a mirror, removal or move of a file, request, and transaction of the
 * count of calls, before it and behind it.
 */
export interface FailPoint {
  of: 'write' | 'send' | 'count';
  /** From 1: which of them since it was set. */
  at: number;
  /** `behind`: it is done, and whoever asked for it never learns that. */
  side: 'before' | 'behind';
}

/** Told what has come into a mirror. */
export type OnStored = (what: 'batch' | 'swap') => void;

/** Counts what one process writes and sends, and kills it where that was planned. */
export class FailPoints {
  readonly #onStored: OnStored;
  readonly counts = { write: 0, send: 0, count: 0 };
  #isDead = false;
  #planned: FailPoint | null = null;
  #left = 0;
  #ground: 'own' | 'losing' | 'lost' = 'own';
  /** What it has stored on ground that was lost. */
  #trespasses = 0;

  constructor(onStored: OnStored = () => {}) {
    this.#onStored = onStored;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** What it holds is lost to others from now on, and it does not know. */
  loseGround(): void {
    this.#ground = 'losing';
  }

  /** Others have worked under what it had. */
  overtake(): void {
    if (this.#ground === 'losing') this.#ground = 'lost';
  }

  /** It has taken a lease of its own again. */
  regainGround(): void {
    this.#ground = 'own';
  }

  /** A batch is stored. */
  noteCommit(): void {
    this.#onStored('batch');
    if (this.#ground === 'lost') this.#trespasses++;
  }

  /** A copy may have taken the mirror's place. */
  noteSwap(): void {
    this.#onStored('swap');
  }

  get trespasses(): number {
    return this.#trespasses;
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
