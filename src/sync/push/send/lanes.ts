/** What is done in an order where it concerns the same things, and else side by side. */
export interface Laned {
  /** What two pieces of work that share one are never done at once for: the later waits for the end of the earlier. */
  locks: ReadonlySet<string>;
}

export interface Lane<T> {
  readonly piece: T;
  /** Which it is of all pieces. */
  readonly at: number;
  /** How many earlier ones it waits for. */
  before: number;
  readonly behind: Lane<T>[];
  /** Of those that it was added with. */
  readonly group: { left: number; onEnd: () => void };
}

/** Which pieces may begin, as those before them that share a lock end. */
export class Lanes<T extends Laned> {
  #pieces = 0;
  /** In their order. */
  readonly #ready: Lane<T>[] = [];
  /** The last that takes each lock, as long as it has not ended. */
  readonly #last = new Map<string, Lane<T>>();

  /** How many may begin. */
  get ready(): number {
    return this.#ready.length;
  }

  /** `onEnd`: called when the last of these has ended. */
  add(pieces: readonly T[], onEnd: () => void): void {
    const group = { left: pieces.length, onEnd };
    for (const piece of pieces) {
      const lane: Lane<T> = { piece, at: this.#pieces++, before: 0, behind: [], group };
      const earlier = new Set<Lane<T>>();
      for (const lock of piece.locks) {
        const holder = this.#last.get(lock);
        if (holder !== undefined) earlier.add(holder);
        this.#last.set(lock, lane);
      }
      lane.before = earlier.size;
      for (const holder of earlier) holder.behind.push(lane);
      if (lane.before === 0) this.#ready.push(lane);
    }
    if (pieces.length === 0) onEnd();
  }

  /** The first that may begin; ended by `end`. */
  take(): Lane<T> | undefined {
    return this.#ready.shift();
  }

  end({ piece, behind, group }: Lane<T>): void {
    for (const lock of piece.locks) if (this.#last.get(lock)?.piece === piece) this.#last.delete(lock);
    for (const next of behind) if (--next.before === 0) this.#ready.push(next);
    this.#ready.sort((a, b) => a.at - b.at);
    if (--group.left === 0) group.onEnd();
  }
}
