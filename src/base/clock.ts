import { abortReasonOf, throwIfAborted } from './abort.ts';

export interface Clock {
  /** Wall time, milliseconds since 1970. */
  now(): number;
  /** Milliseconds that never run backwards; only differences mean anything. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with an AbortError as soon as `signal` aborts. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>;
}

/** 24.8 days, the most that fits into a timer's 31 bits. */
const longestTimerMs = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms, { signal } = {}) {
    return new Promise((resolve, reject) => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(abortReasonOf(signal));
      };
      let timer: NodeJS.Timeout;
      const wait = (left: number) => {
        // A longer timer fires at once, so a long sleep is many.
        const part = Math.min(left, longestTimerMs);
        timer = setTimeout(() => {
          if (left > part) return wait(left - part);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, part);
      };
      wait(ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
