import { formatDuration } from '../../base/interval.ts';

/** Clocks that agree as well as this are one clock to `doctor` too. */
const clockSkewMs = 120_000;

/**
 * How long ago something was: `3m 20s ago`, `just now`; `never` for null. Only an org whose clock is ahead, or a clock
 * of ours that was set back, puts what has been into the future.
 */
export function relativeTime(iso: string | null, now: number): string {
  if (iso === null) return 'never';
  const agoMs = now - Date.parse(iso);
  if (Number.isNaN(agoMs)) return iso;
  if (agoMs >= 1_000) return `${formatDuration(agoMs)} ago`;
  if (agoMs >= -clockSkewMs) return 'just now';
  return `${formatDuration(-agoMs)} ahead of this machine's clock`;
}
