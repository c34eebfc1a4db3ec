import type { SyncContext } from '../../context.ts';
import { HeldBack } from '../plan/held-back.ts';
import { lookThrough } from '../plan/waits-for-job.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { recover, recoverAgain } from '../settle/recover.ts';
import { type DrainSending, sendAll } from './send-all.ts';

/**
 * Sends what need not wait for ingest jobs that are under way: once, and again where something else waits since. Why
 * nothing more is sent is in `progress.stopped`.
 */
export class SendBeside {
  readonly #context: SyncContext;
  readonly #progress: DrainProgress;
  readonly #options: DrainSending;
  /** How many waited when all was gone through last, and the place of the last one. */
  #seen = { pending: -1, last: -1 };

  constructor(context: SyncContext, progress: DrainProgress, options: DrainSending) {
    this.#context = context;
    this.#progress = progress;
    this.#options = options;
  }

  async look(): Promise<void> {
    // Before anything is sent, what an earlier sending has left is settled, as far as it can be now.
    if (this.#progress.doubtsReadAt === null) await recover(this.#context, this.#progress, this.#options);
    if (this.#progress.stopped !== null || !(await this.#hasNew())) return;
    const context = this.#context;
    const { waitsForJob, hasOthers, last } = await lookThrough(context);
    if (hasOthers) {
      await recoverAgain(context, this.#progress, this.#options);
      const heldBack = await HeldBack.of(context, waitsForJob);
      await sendAll(context, this.#progress, this.#options, heldBack);
    }
    const { pending } = await context.mirror.outbox.counts();
    this.#seen = { pending, last };
  }

  async #hasNew(): Promise<boolean> {
    const { outbox } = this.#context.mirror;
    const { pending } = await outbox.counts();
    if (pending !== this.#seen.pending) return pending > 0;
    return (await outbox.list({ states: ['pending'], after: this.#seen.last, limit: 1 })).length > 0;
  }
}
