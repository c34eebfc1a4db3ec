import { duration } from './duration-option.ts';

/** Of `off` and of zero in any unit. No null: commander takes that of a parser for a flag without a value, and makes it ''. */
export const never = 'never';

/** A parser for durations within bounds, in milliseconds. */
export function every(leastMs: number, mostMs: number): (text: string) => number | typeof never {
  const parse = duration(leastMs, mostMs, ' It may be off, too.');
  return (text) => (/^(?:off|0+[smhd]?)$/.test(text.trim()) ? never : parse(text));
}
