import { AppError } from './errors.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `5m`, `1h`, `1d` → milliseconds. Throws AppError `INVALID_INPUT` for anything else. */
export function parseDuration(text: string, what = 'duration'): number {
  const match = /^(\d+)(s|m|h|d)$/.exec(text.trim());
  if (!match) {
    throw new AppError('INVALID_INPUT', `The ${what} "${text}" is not a duration.`, {
      hint: 'Write a whole number and a unit: 90s, 5m, 1h or 1d.',
    });
  }
  // A longer one is too long for whatever takes one.
  return Math.min(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs], Number.MAX_SAFE_INTEGER);
}

/** 5400000 → `1h 30m`; 950 → `950ms`; 12340 → `12s`. For people, not for parsing. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000) * 1_000;
  for (const [unit, size] of [
    ['d', unitMs.d],
    ['h', unitMs.h],
    ['m', unitMs.m],
    ['s', unitMs.s],
  ] as const) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n}${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0s';
}
