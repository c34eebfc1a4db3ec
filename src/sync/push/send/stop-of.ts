import { isAppError } from '../../../base/errors.ts';
import { failsAlone } from '../../fails-alone.ts';
import type { SendWay } from '../../ports/outbox-entry.ts';
import { isRepeatable } from '../plan/plan-requests.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import type { Standing } from './store-answer.ts';

/**
 * After so many lost answers in a row the org itself counts as out of reach. Fewer for creates in collections:
 * each of those leaves up to 200 contacts in a doubt that takes minutes to settle, or people.
 */
const maxDoubtsInRow = { repeatable: 3, other: 2 };
/**
 * After so many requests in a row that met a limit with every record, the limit is the org's. More of single records:
 * a few that always meet one must not keep the others from being sent.
 */
const maxLimitsInRow = { single: 10, collection: 2 };

/** The error after which no further request is worth sending now. Counts lost answers and limits in a row. */
export function stopOf(
  last: readonly Standing[],
  way: SendWay,
  { progress, number }: { progress: DrainProgress; number: number },
): Error | null {
  const outcomes = last.map(({ outcome }) => outcome);
  const refused = outcomes.find((outcome) => outcome.kind === 'not-done' && outcome.ofRecord !== true);
  if (refused?.kind === 'not-done') return refused.error;

  const limited = outcomes.filter(
    (outcome) => outcome.kind === 'not-done' && isAppError(outcome.error, 'REQUEST_LIMIT_EXCEEDED'),
  );
  progress.limitsInRow = limited.length === outcomes.length ? progress.limitsInRow + 1 : 0;
  const mostLimits = outcomes.length === 1 ? maxLimitsInRow.single : maxLimitsInRow.collection;
  if (progress.limitsInRow >= mostLimits && limited[0]?.kind === 'not-done') return limited[0].error;

  const repeatable = last.every(({ entry }) => isRepeatable({ op: entry.op, way }));
  // An answer that speaks of this request alone says nothing of the next, unless each leaves another doubt behind.
  const lost = outcomes.find(
    (outcome) => outcome.kind === 'unknown' && (!repeatable || !failsAlone(outcome.error)),
  );
  const doubtsInRow = progress.endRequest(number, lost !== undefined);
  const limit = repeatable ? maxDoubtsInRow.repeatable : maxDoubtsInRow.other;
  return lost?.kind === 'unknown' && doubtsInRow >= limit ? lost.error : null;
}
