import { duration } from './duration-option.ts';

/** A parser for durations within bounds, in milliseconds; `0` and `off` are null: never. */
export function every(leastMs: number, mostMs: number): (text: string) => number | null {
  const parse = duration(leastMs, mostMs);
  return (text) => (text === '0' || text === 'off' ? null : parse(text));
}
