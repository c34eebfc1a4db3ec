import type { OrgClock } from './org.ts';

/** A clock that runs on with the wall clock from wherever it was set. */
export function createOrgClock(wallClock: () => number): OrgClock & { reset(): void } {
  let offsetMs = 0;
  return {
    now: () => Math.floor(wallClock() + offsetMs),
    set: (nowMs) => {
      offsetMs = nowMs - wallClock();
    },
    advance: (ms) => {
      offsetMs += ms;
    },
    reset: () => {
      offsetMs = 0;
    },
  };
}
