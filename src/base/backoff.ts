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

/**
 * The same where the other side may have said itself when to come again: then that, and a fifth of our own on top, so
 * that those that were told the same come apart.
 */
export function backoffOrToldMs(
  attempt: number,
  toldMs: number | null | undefined,
  options: BackoffOptions,
): number {
  const own = backoffMs(attempt, options);
  return toldMs == null ? own : toldMs + Math.round(own * 0.2);
}

/** A policy of `retry`: at most so many repeats of what passes, with backoff. */
export function upTo(
  repeats: number,
  options: BackoffOptions,
  passes: (error: unknown) => boolean,
): (error: unknown, failures: number) => number | null {
  return (error, failures) => (failures < repeats && passes(error) ? backoffMs(failures, options) : null);
}
