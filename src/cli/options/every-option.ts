import { duration } from './duration-option.ts';

/** Of `0` and `off`. No null: commander takes that of a parser for a flag without a value, and makes it ''. */
export const never = 'never';

/** A parser for durations within bounds, in milliseconds. */
export function every(leastMs: number, mostMs: number): (text: string) => number | typeof never {
  const parse = duration(leastMs, mostMs);
  return (text) => (text === '0' || text === 'off' ? never : parse(text));
}
