import { callDetailsOf } from '../../../base/call-details.ts';
import type { WriteOutcome } from '../../ports/record-writes.ts';
import type { AnswerKind } from '../progress/send-width.ts';

/** So great a part of a request's records met a locked row that it was not one busy record, but requests in each other's way. */
const manyLocked = 0.05;

/** What an answer says of how many requests the org can take at once. */
export function kindOfAnswer(outcomes: readonly WriteOutcome[]): AnswerKind {
  if (outcomes.some(({ kind }) => kind === 'unknown')) return 'lost';
  const notDone = outcomes.filter((outcome) => outcome.kind === 'not-done');
  const [refused] = notDone.filter(({ ofRecord }) => ofRecord !== true);
  if (refused !== undefined) {
    const { status, limit } = callDetailsOf(refused.error);
    return status === 429 || limit === 'concurrent' ? 'crowded' : 'other';
  }
  const locked = notDone.filter(({ error }) => callDetailsOf(error).errorCode === 'UNABLE_TO_LOCK_ROW');
  if (locked.length > 1 && locked.length >= outcomes.length * manyLocked) return 'crowded';
  // Nothing was taken: that is no reason to send more at once.
  return notDone.length === outcomes.length ? 'other' : 'good';
}
