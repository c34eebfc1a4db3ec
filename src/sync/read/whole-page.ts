import { upTo } from '../../base/backoff.ts';
import { isAppError, messageOf } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import type { SyncContext } from '../context.ts';

/** A body cut once more than this in a row is no accident; the run fails then and can be resumed. */
const mostRepeats = 3;
const whenCut = upTo(mostRepeats, { baseMs: 1_000, maxMs: 10_000 }, (error) =>
  isAppError(error, 'PAGE_INCOMPLETE', 'NETWORK_UNREACHABLE', 'TIMEOUT'),
);

interface PageWork<Page, Outcome> {
  ask: () => Promise<Page>;
  /** One transaction: it stores the whole page or nothing. */
  store: (page: Page) => Promise<Outcome>;
  /** Lends a place among the requests under way; none is held while waiting. */
  place?: (work: () => Promise<Outcome>) => Promise<Outcome>;
  signal: AbortSignal;
}

/**
 * Asks for a page again where its body was cut, bounded, with backoff. What fails before the body has been repeated
 * by the remote or by `place` already and is thrown at once.
 */
export function readWholePage<Page, Outcome>(
  { clock, log }: Pick<SyncContext, 'clock' | 'log'>,
  { ask, store, place = (work) => work(), signal }: PageWork<Page, Outcome>,
): Promise<Outcome> {
  let asked = false;
  const read = () => {
    asked = false;
    return place(async () => {
      const page = await ask();
      asked = true;
      return store(page);
    });
  };
  return retry(read, {
    clock,
    signal,
    waitMs: (error, failures) => {
      const waitMs = asked ? whenCut(error, failures) : null;
      if (waitMs !== null) {
        log.debug('a page was cut and is asked for again', { read: failures + 1, why: messageOf(error) });
      }
      return waitMs;
    },
  });
}
