import { isAbort } from '../base/abort.ts';
import { askedRestMs } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { isAppError } from '../base/errors.ts';
import type { SyncContext } from '../sync/context.ts';
import { fillNewFields } from '../sync/cycle/fill-fields.ts';
import { reasonClause } from './reason-clause.ts';

/** How soon columns that could not be filled are tried again. */
const retryMs = 3_600_000;

/** What ends a turn, whatever work of it meets it. */
const endsTurn: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LOGIN_REQUIRED',
  'ORG_CHANGED',
  'LEASE_LOST',
  'MIRROR_REPLACED',
  'MIRROR_BUSY',
  'MIRROR_CORRUPT',
  'MIRROR_FAILED',
  'DISK_FULL',
]);

/**
 * When the watch of one org fills columns that came to its mirror: as work of its own behind a cycle, which has moved the
 * cursors and sent what waits. What the org refuses of it for hours, such as bulk jobs, keeps no cycle from its time.
 */
export class WatchedFills {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By the monotonic clock, ms. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** The failure that was told last, null where the last fill was good. */
  #told: string | null = null;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** After a cycle that was complete, which it does not fail: what the mirror meets now the next cycle meets, and tells. */
  async isDue({ mirror }: Pick<SyncContext, 'mirror'>): Promise<boolean> {
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return false;
    const toFill = await mirror.schema.toFill().catch(() => []);
    return toFill.length > 0;
  }

  /** Throws only what ends a turn. */
  async make(context: SyncContext, { signal }: { signal: AbortSignal }): Promise<void> {
    const { mirror, remote, log } = context;
    try {
      await fillNewFields(context, { signal });
      this.#told = null;
    } catch (error) {
      if (isAbort(error) || !isAppError(error) || endsTurn.has(error.code)) throw error;
      this.#notBeforeMs = this.#clock.monotonicMs() + Math.max(retryMs, askedRestMs(error));
      const names = (await mirror.schema.toFill()).join(', ');
      const failure = `${error.code} ${names}`;
      if (failure === this.#told) return;
      this.#told = failure;
      log.warn(
        `the new columns ${names} of ${remote.instanceUrl} are not filled yet, which is tried again in an hour at the earliest: ${reasonClause(error.message)}`,
      );
    }
  }
}
