import { InvalidArgumentError } from 'commander';
import { isAppError } from '../../base/errors.ts';
import { formatDuration, parseDuration } from '../../base/interval.ts';

/**
 * A parser for durations (`90s`, `5m`, `1h`, `1d`) within bounds, in milliseconds, for commander's options. `also` ends
 * each refusal: what else the option takes.
 */
export function duration(leastMs: number, mostMs: number, also = ''): (text: string) => number {
  return (text) => {
    let ms: number;
    try {
      ms = parseDuration(text);
    } catch (error) {
      if (!isAppError(error)) throw error;
      throw new InvalidArgumentError(`Write a whole number and a unit: 90s, 5m, 1h or 1d.${also}`);
    }
    if (ms < leastMs || ms > mostMs) {
      throw new InvalidArgumentError(
        `It must lie between ${formatDuration(leastMs)} and ${formatDuration(mostMs)}.${also}`,
      );
    }
    return ms;
  };
}
