import type { Ended } from './program.ts';

/** So many answers bear a wrong time out (`src/salesforce/org-clock.ts`). */
const answersToBelieve = 3;
/** An accident of the program's own, and a limit that it can always keep by asking for less. */
const neverFair = /^(UNEXPECTED_ERROR|EXCEEDED_ID_LIMIT) /;

/** Throws where a job ended with what nothing in the org, the line or another process accounts for. */
export function assertFairEnd(ended: Ended | null, { wrongTimes }: { wrongTimes: number }): void {
  if (ended?.kind !== 'failed') return;
  if (neverFair.test(ended.error)) throw new Error(`A job may never end so: ${ended.error}`);
  if (/^CURSOR_IN_FUTURE /.test(ended.error) && wrongTimes < answersToBelieve)
    throw new Error(`${wrongTimes} wrong times were believed: ${ended.error}`);
}
