import { AppError } from '../base/errors.ts';
import { formatDuration, parseDuration } from '../base/interval.ts';
import { type Environment, readVariable } from './environment.ts';

/**
 * Most writes are answered well within it, and an answer spares a doubt; with what is noted after it, it ends before
 * systemd kills (90 s, `DefaultTimeoutStopSec`). Whoever kills sooner, as Docker does after 10 s, sets less.
 */
export const defaultStopBudgetMs = 60_000;
const leastMs = 1_000;
const mostMs = 600_000;

/** How long a command that is told to end may take for it. Throws AppError `INVALID_INPUT`. */
export function readStopBudget(flag: string | undefined, env: Environment): number {
  const [text, origin] =
    flag === undefined
      ? [readVariable(env, 'PARAHACK_SYNC_STOP_TIMEOUT'), 'PARAHACK_SYNC_STOP_TIMEOUT']
      : [flag, '--stop-timeout'];
  return text === null ? defaultStopBudgetMs : checkStopBudget(parseDuration(text, origin), origin, text);
}

/** `ms` out of `origin`, where it was written as `text`. Throws AppError `INVALID_INPUT`. */
export function checkStopBudget(ms: number, origin: string, text = String(ms)): number {
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw new AppError('INVALID_INPUT', `${origin} is "${text}", which is no time to end in.`, {
    hint: `It must lie between ${formatDuration(leastMs)} and ${formatDuration(mostMs)}.`,
  });
}
