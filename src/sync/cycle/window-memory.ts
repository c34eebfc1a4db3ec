/**
 * What a daemon remembers of a window whose coverage stands still (a long transaction may hold it for
 * hours): the ids it has fetched, and when. Forgotten as soon as the cursor moves; without it a cycle only
 * fetches more than it needs.
 */
export class WindowMemory {
  #cursor: number | null = null;
  #ids = new Set<string>();
  #lastRead = 0;

  /** The ids of this window already fetched and the org's time of that read; null where nothing is known. */
  recall(cursor: number): { ids: ReadonlySet<string>; lastRead: number } | null {
    return this.#cursor === cursor ? { ids: this.#ids, lastRead: this.#lastRead } : null;
  }

  remember(cursor: number, ids: readonly string[], readAt: number): void {
    this.#cursor = cursor;
    this.#ids = new Set(ids);
    this.#lastRead = readAt;
  }

  forget(): void {
    this.#cursor = null;
    this.#ids = new Set();
  }
}
