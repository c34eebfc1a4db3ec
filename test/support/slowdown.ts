/** Far enough apart that caches and garbage, which also cost more for more, cannot pass for a square. */
const growth = 16;
const attempts = 5;
const repeats = 3;
/** Shorter times say more about the machine than about the work. */
const shortestMs = 0.5;

/**
 * How much longer `work` takes for sixteen times the size: about 16 where its time grows with the size, 256 where it
 * grows with the square. A busy machine only ever adds time, so the best of several runs counts, and of several
 * attempts the least.
 */
export function slowdown(work: (size: number) => void, size: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && least > 2 * growth; attempt++) {
    const small = Math.max(shortestMs, bestMs(work, size));
    const large = Math.max(shortestMs, bestMs(work, growth * size));
    least = Math.min(least, large / small);
  }
  return least;
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
