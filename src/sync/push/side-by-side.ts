/** What is done in an order where it concerns the same things, and else side by side. */
export interface Laned {
  /** What two pieces of work that share one are never done at once for: the later waits for the end of the earlier. */
  locks: ReadonlySet<string>;
}

/**
 * Does `work` for each of `pieces`, at most `width()` at once, in their order as far as they share a lock. Begins no
 * more once `isOver()` or one has thrown; returns when all that were begun have ended, and throws what was thrown first.
 */
export async function sideBySide<T extends Laned>(
  pieces: readonly T[],
  work: (piece: T) => Promise<void>,
  { width, isOver }: { width: () => number; isOver: () => boolean },
): Promise<void> {
  const { before, behind } = lanesOf(pieces);
  const ready = pieces.flatMap((_, i) => (before[i] === 0 ? [i] : []));
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | null = null;
  const begin = (i: number) => {
    const done = work(pieces[i] as T)
      .then(() => {
        for (const next of behind[i] ?? []) if (--before[next]! === 0) ready.push(next);
        ready.sort((a, b) => a - b);
      })
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(done));
    running.add(done);
  };
  for (;;) {
    while (failure === null && !isOver() && running.size < width()) {
      const next = ready.shift();
      if (next === undefined) break;
      begin(next);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failure !== null) throw (failure as { error: unknown }).error;
}

/** How many earlier pieces each waits for, and which ones wait for it. */
function lanesOf(pieces: readonly Laned[]): { before: number[]; behind: number[][] } {
  const before: number[] = [];
  const behind: number[][] = [];
  const last = new Map<string, number>();
  pieces.forEach(({ locks }, i) => {
    const earlier = new Set<number>();
    for (const lock of locks) {
      const holder = last.get(lock);
      if (holder !== undefined) earlier.add(holder);
      last.set(lock, i);
    }
    before.push(earlier.size);
    behind.push([]);
    for (const holder of earlier) behind[holder]?.push(i);
  });
  return { before, behind };
}
