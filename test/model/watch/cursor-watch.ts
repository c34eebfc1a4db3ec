import type { Cursors } from '../../../src/sync/ports/journal.ts';

/** A cursor so far ahead of the org's time follows a wrong time that was told, and is set back. */
const surelyAheadMs = 60_000;

/** Holds that the cursors of a mirror move forward only. */
export class CursorWatch {
  #last: Cursors = { updated: null, deleted: null };
  readonly #ahead = new Set<keyof Cursors>();
  #problem: string | null = null;

  /** How one has moved back, if one has. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Another mirror is in its place. */
  forget(): void {
    this.#last = { updated: null, deleted: null };
    this.#ahead.clear();
  }

  /** `orgMs`: the org's time. */
  look(cursors: Cursors, orgMs: number): void {
    for (const name of ['updated', 'deleted'] as const) {
      const [before, now] = [this.#last[name], cursors[name]];
      const isBack = before !== null && (now === null || now < before);
      if (isBack && !this.#ahead.has(name))
        this.#problem ??= `The cursor ${name} moved back: ${before} to ${now}.`;
      if (isBack) this.#ahead.delete(name);
      if (now !== null && now > orgMs + surelyAheadMs) this.#ahead.add(name);
    }
    this.#last = { ...cursors };
  }
}
