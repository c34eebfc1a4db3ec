import { backoffMs } from '../../base/backoff.ts';
import { type AppError, isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';

/** A body cut this often in a row is no accident; the run fails then and can be resumed. */
const maxReads = 4;
const backoff = { baseMs: 1_000, maxMs: 10_000 };

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
export async function readWholePage<Page, Outcome>(
  { clock, log }: Pick<SyncContext, 'clock' | 'log'>,
  { ask, store, place = (work) => work(), signal }: PageWork<Page, Outcome>,
): Promise<Outcome> {
  for (let read = 1; ; read++) {
    let asked = false;
    try {
      return await place(async () => {
        const page = await ask();
        asked = true;
        return store(page);
      });
    } catch (error) {
      if (!asked || read >= maxReads || !isCutBody(error)) throw error;
      log.debug('a page was cut and is asked for again', { read, code: error.code });
    }
    await clock.sleep(backoffMs(read - 1, backoff), { signal });
  }
}

function isCutBody(error: unknown): error is AppError {
  return isAppError(error, 'PAGE_INCOMPLETE', 'NETWORK_UNREACHABLE', 'TIMEOUT');
}
