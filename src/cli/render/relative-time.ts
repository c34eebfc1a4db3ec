import { formatDuration } from '../../base/interval.ts';

/** `3m 20s ago`, `in 5m`, `just now`; `never` for null. */
export function relativeTime(iso: string | null, now: number): string {
  if (iso === null) return 'never';
  const agoMs = now - Date.parse(iso);
  if (Number.isNaN(agoMs)) return iso;
  if (Math.abs(agoMs) < 1_000) return 'just now';
  return agoMs > 0 ? `${formatDuration(agoMs)} ago` : `in ${formatDuration(-agoMs)}`;
}
