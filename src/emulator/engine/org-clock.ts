/** The org's own clock: it runs on with the wall clock from wherever it was set. All in epoch milliseconds. */
export interface OrgClock {
  now(): number;
  set(nowMs: number): void;
  advance(ms: number): void;
}

export interface ClockOptions {
  /** What the clock under the org's clock says, epoch milliseconds. */
  readonly wallClock: () => number;
  /** How far ahead of it the org's clock begins. */
  readonly offsetMs?: number;
  /** Told whenever the clock was set or moved. */
  readonly onMoved?: (offsetMs: number) => void;
}

/** A clock that runs on with the wall clock from wherever it was set. */
export function createOrgClock({
  wallClock,
  offsetMs: startMs = 0,
  onMoved,
}: ClockOptions): OrgClock & { reset(): void } {
  let offsetMs = startMs;
  const move = (toMs: number) => {
    offsetMs = toMs;
    onMoved?.(offsetMs);
  };
  return {
    now: () => Math.floor(wallClock() + offsetMs),
    set: (nowMs) => move(nowMs - wallClock()),
    advance: (ms) => move(offsetMs + ms),
    reset: () => move(0),
  };
}
