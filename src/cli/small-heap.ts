import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has this process collect garbage early rather than let it lie. Records pass through a push in batches of which little
 * stays: measured with 100,000 rows, 25 MB are in use, while V8 by itself would take 180 MB for them. The young space keeps
 * the size that it has, which a processor's cache holds, and a second thread would take longer to wake up than to collect
 * it. Measured with 10,000 creates, `--optimize-for-size` takes as much memory and a fifth more of the processor.
 */
export class SmallHeap {
  #isCollectedEarly = false;

  constructor() {
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--no-parallel-scavenge');
    // The parser of HTTP is quick enough as it is compiled first, and the better code for it takes ten megabytes.
    setFlagsFromString('--no-wasm-tier-up');
    setFlagsFromString('--no-wasm-dynamic-tiering');
  }

  /**
   * From here on the old space may grow by three fifths between two collections, of which this is the first: V8 counts from one
   * to the next. Earlier the org would wait for it: a start leaves a dozen megabytes, and nothing else is under way.
   */
  collectEarly(): void {
    if (this.#isCollectedEarly) return;
    this.#isCollectedEarly = true;
    setFlagsFromString('--heap-growing-percent=60');
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect === 'function') collect();
  }
}
