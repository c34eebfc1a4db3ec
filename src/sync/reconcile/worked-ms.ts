import type { RunStep } from '../ports/run.ts';

/** Of a whole run; the time between an interruption and the next try is no work. */
export function workedMs(steps: readonly RunStep[]): number {
  return steps.reduce((sum, { startedAt, finishedAt }) => sum + Math.max(0, finishedAt - startedAt), 0);
}
