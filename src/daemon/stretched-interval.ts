const dayMs = 86_400_000;
/** Finer is of no use: calls come back by slots of minutes. */
const stepMs = 1_000;

/** What of an org's calls pulls may use in the day to come. */
export interface CallsAhead {
  /** Now. */
  left: number;
  /** Calls that count no longer after so long; in order. */
  returns: readonly { inMs: number; calls: number }[];
  /** What a cycle takes. */
  cycleCost: number;
  /** What a single cycle may take besides. */
  spare: number;
}

/**
 * The shortest interval, from the one that was asked for up to a day, at which each cycle of the next 24 hours finds its calls: so that
 * a small share lasts to the end of the day at even distances and is never used up in its first hours. An org of which
 * nothing is known, and one that has calls enough, keep to what was asked for.
 */
export function stretchedIntervalMs(intervalMs: number, calls: CallsAhead | null): number {
  if (calls === null || lasts(calls, intervalMs)) return intervalMs;
  let tooShort = Math.floor(intervalMs / stepMs);
  let longEnough = Math.ceil(dayMs / stepMs);
  // A longer interval never asks for more calls by any time, so those that last are all above those that do not.
  while (longEnough - tooShort > 1) {
    const middle = Math.floor((tooShort + longEnough) / 2);
    if (lasts(calls, middle * stepMs)) longEnough = middle;
    else tooShort = middle;
  }
  return Math.max(intervalMs, longEnough * stepMs);
}

function lasts({ left, returns, cycleCost, spare }: CallsAhead, intervalMs: number): boolean {
  let available = left;
  let next = 0;
  for (let cycles = 1; cycles * intervalMs <= dayMs; cycles++) {
    for (
      let back = returns[next];
      back !== undefined && back.inMs <= cycles * intervalMs;
      back = returns[++next]
    )
      available += back.calls;
    if (cycles * cycleCost + spare > available) return false;
  }
  return true;
}
