import type { Clock } from '../../src/base/clock.ts';

/** Sleeps end when the test says so; nothing here waits for real time. */
export interface ManualClock extends Clock {
  /** The sleeps under way, milliseconds each. */
  sleeping(): number[];
  /** Moves the time and ends every sleep that is over by then. */
  advance(ms: number): void;
  /** Resolves as soon as somebody sleeps. */
  untilSleeping(): Promise<void>;
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  const sleeps = new Map<object, { at: number; wake: () => void }>();
  let noticed: (() => void)[] = [];
  return {
    now: () => now,
    monotonicMs: () => now,
    sleeping: () => [...sleeps.values()].map(({ at }) => at - now),
    advance(ms) {
      now += ms;
      for (const { at, wake } of [...sleeps.values()]) if (at <= now) wake();
    },
    untilSleeping: () =>
      sleeps.size > 0 ? Promise.resolve() : new Promise((resolve) => noticed.push(resolve)),
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        const key = {};
        const end = (settle: () => void) => () => {
          sleeps.delete(key);
          signal?.removeEventListener('abort', onAbort);
          settle();
        };
        const onAbort = end(() => reject(signal?.reason));
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        sleeps.set(key, { at: now + ms, wake: end(resolve) });
        for (const notice of noticed) notice();
        noticed = [];
      }),
  };
}
