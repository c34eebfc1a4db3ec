import pRetry from 'p-retry';
import type { Clock } from './clock.ts';

export interface RetryOptions {
  clock: Pick<Clock, 'sleep'>;
  /** Ends the waits; what is under way ends by what it is given itself. */
  signal?: AbortSignal;
  /**
   * How long to wait before trying again after `error`, milliseconds; null where it is thrown. `failures`: how often the
   * work has failed before, so that 0 is the first time.
   */
  waitMs(error: unknown, failures: number): number | null;
}

/**
 * Does the work again where it fails and its policy says so. It is tried once whatever the signal says, and what it
 * has come to is never dropped for an abort, so p-retry, which counts, is not told of the signal; it waits by our clock.
 * A TypeError is a fault of the program and thrown at once.
 */
export function retry<T>(work: () => Promise<T>, { clock, signal, waitMs }: RetryOptions): Promise<T> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      const wait = waitMs(error, attemptNumber - 1);
      if (wait === null) throw error;
      await clock.sleep(wait, { signal });
    },
  });
}
