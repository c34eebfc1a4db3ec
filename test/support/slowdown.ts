const repeats = 5;
/** Shorter times say more about the machine than about the work. */
const shortestMs = 0.5;

/**
 * How much longer `work` takes for four times the size: about 4 where its time grows with the size, 16 where it
 * grows with the square. The best of several runs counts, since a busy machine only ever adds time.
 */
export function slowdown(work: (size: number) => void, size: number): number {
  return Math.max(shortestMs, bestMs(work, 4 * size)) / Math.max(shortestMs, bestMs(work, size));
}

function bestMs(work: (size: number) => void, size: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < repeats; run++) {
    const start = performance.now();
    work(size);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
