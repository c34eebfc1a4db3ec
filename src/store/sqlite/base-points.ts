import { isoTime } from '../../base/iso-time.ts';
import type { BasePoint } from '../../sync/ports/own-write.ts';

/** By name of the field; '' is for all others of a delete. */
export type BasePoints = Record<string, BasePoint>;

/** As `base_at` has them: a time is ISO 8601. */
type Stored = Record<string, [done: number, seq: number, knownTo: string | null]>;

export function basePointsOf(stored: string | null): BasePoints | null {
  if (stored === null) return null;
  const points = Object.entries(JSON.parse(stored) as Stored);
  return Object.fromEntries(
    points.map(([name, [done, seq, knownTo]]) => [
      name,
      { done, seq, knownTo: knownTo === null ? null : Date.parse(knownTo) },
    ]),
  );
}

export function storedPoints(points: BasePoints | null): string | null {
  if (points === null) return null;
  const stored = Object.entries(points).map(([name, { done, seq, knownTo }]) => [
    name,
    [done, seq, knownTo === null ? null : isoTime(knownTo)],
  ]);
  return JSON.stringify(Object.fromEntries(stored));
}
