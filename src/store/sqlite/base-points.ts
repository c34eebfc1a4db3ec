import type { BasePoint } from '../../sync/ports/own-write.ts';

/** By name of the field; '' is for all others of a delete. */
export type BasePoints = Record<string, BasePoint>;

/** As `base_at` has them: of each field how many writes were done, and the place of the last entry. */
type Stored = Record<string, [done: number, seq: number]>;

export function basePointsOf(stored: string | null): BasePoints | null {
  if (stored === null) return null;
  const points = Object.entries(JSON.parse(stored) as Stored);
  return Object.fromEntries(points.map(([name, [done, seq]]) => [name, { done, seq }]));
}

export function storedPoints(points: BasePoints | null): string | null {
  if (points === null) return null;
  const stored = Object.entries(points).map(([name, { done, seq }]) => [name, [done, seq]]);
  return JSON.stringify(Object.fromEntries(stored));
}
