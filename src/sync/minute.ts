export const minuteMs = 60_000;

/** `updated` and `deleted` drop seconds, so cursors and window ends are whole minutes. */
export function floorMinute(ms: number): number {
  return Math.floor(ms / minuteMs) * minuteMs;
}
