import { isAbort } from '../../../base/abort.ts';
import { callDetailsOf } from '../../../base/call-details.ts';
import { type AppError, isAppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import { isDayQuota } from './day-quota.ts';
import type { SendOptions } from './send-options.ts';

/** How often in a row a job that is open may be closed in vain. */
const mostClosings = 3;
/** As long as a request whose answer never came may still reach the org; as for requests in doubt. */
const onItsWayMs = 60_000;

/** What has become of the tries to close a job. */
export class Closing {
  readonly #clock: SyncContext['clock'];
  readonly #isNew: boolean;
  #tries = 0;
  /** Until when one whose answer never came may be on its way; ms, by the monotonic clock. */
  #onItsWayUntilMs: number;
  /** Why the last try did nothing, by the org's own word. */
  refusal: AppError | null = null;

  /** `isNew`: nobody has tried before. All that others have tried left before now: whoever sends has the lease. */
  constructor(clock: SyncContext['clock'], isNew: boolean) {
    this.#clock = clock;
    this.#isNew = isNew;
    this.#onItsWayUntilMs = isNew ? 0 : clock.monotonicMs() + onItsWayMs;
  }

  /** Surely by nobody. A refusal proves nothing: something in between may have sent a closing twice, or answer it so itself. */
  get isUntried(): boolean {
    return this.#isNew && this.#tries === 0;
  }

  get isRefused(): boolean {
    return this.refusal !== null && (isDayQuota(this.refusal) || this.#tries >= mostClosings);
  }

  /** How long no look at the job can tell yet that nothing is on its way, ms. */
  get onItsWayMs(): number {
    return Math.max(0, this.#onItsWayUntilMs - this.#clock.monotonicMs());
  }

  /** Closes the job; answers whether that was done. Throws where it was tried often enough and not refused. */
  async tryOnce(context: SyncContext, jobId: string, { grace, confirm }: SendOptions): Promise<boolean> {
    this.#tries++;
    try {
      await context.records.ingest.close(jobId, { confirm, signal: grace });
      return true;
    } catch (error) {
      if (isAbort(error)) throw error;
      this.refusal = isRefusal(error) ? error : null;
      if (this.refusal !== null) return false;
      this.#onItsWayUntilMs = this.#clock.monotonicMs() + onItsWayMs;
      if (this.#tries >= mostClosings) throw error;
      return false;
    }
  }
}

/** Salesforce's own word that it did not do what was asked; not that of something in between. */
function isRefusal(error: unknown): error is AppError {
  if (isDayQuota(error)) return true;
  const { status, errorCode } = callDetailsOf(error);
  const isOwn = typeof errorCode === 'string' && errorCode !== 'UNKNOWN_EXCEPTION';
  return isAppError(error, 'SALESFORCE_ERROR') && isOwn && (status ?? 0) >= 400 && (status ?? 0) < 500;
}
