/** How long after the first time a trouble that goes on is told again; then twice as long each time. */
const firstDistanceMs = 600_000;
const longestDistanceMs = 3_600_000;

interface Trouble {
  toldAt: number;
  distanceMs: number;
  /** What was told of it so far. */
  kinds: Set<string>;
}

/** Tells a trouble that goes on once, then at growing distances, at most once an hour; each new kind of it at once. */
export class RareTelling {
  readonly #now: () => number;
  readonly #troubles = new Map<string, Trouble>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it is told this time. `kind`: the code of its error. */
  isDue(who: string, kind: string): boolean {
    const now = this.#now();
    const trouble = this.#troubles.get(who);
    if (trouble === undefined) {
      this.#troubles.set(who, { toldAt: now, distanceMs: firstDistanceMs, kinds: new Set([kind]) });
      return true;
    }
    const isNew = !trouble.kinds.has(kind);
    // A clock that was set back says nothing of how long it was.
    if (!isNew && Math.abs(now - trouble.toldAt) < trouble.distanceMs) return false;
    trouble.kinds.add(kind);
    trouble.toldAt = now;
    if (!isNew) trouble.distanceMs = Math.min(trouble.distanceMs * 2, longestDistanceMs);
    return true;
  }

  end(who: string): void {
    this.#troubles.delete(who);
  }

  /** Who is in trouble now. */
  get open(): string[] {
    return [...this.#troubles.keys()];
  }
}
