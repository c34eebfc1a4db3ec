export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** 0 to 1; `Math.random` unless a test hands in its own. */
  random?: () => number;
}

/**
 * Exponential backoff with full jitter in its upper half: attempt 0 waits baseMs/2 to baseMs, each further
 * attempt twice that, never more than maxMs. The lower half is kept so that a retry is never immediate.
 */
export function backoffMs(attempt: number, { baseMs, maxMs, random = Math.random }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
