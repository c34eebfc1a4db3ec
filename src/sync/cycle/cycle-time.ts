import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { assertNotInFuture } from '../future-cursor.ts';
import { assertWithinReach } from '../replication-window.ts';

/** The org's time as a cycle needs it: where its windows end, and whether what the cursors say can be gone on from. */
export class CycleTime {
  readonly #context: SyncContext;
  readonly #cursors: { updated: number; deleted: number };
  #isChecked = false;

  constructor(context: SyncContext, cursors: { updated: number; deleted: number }) {
    this.#context = context;
    this.#cursors = cursors;
  }

  /** Whether the org has told its time in this process, and no earlier one than the cursors, which are its own word. */
  get isKnown(): boolean {
    const { updated, deleted } = this.#cursors;
    const told = this.#told();
    return told !== null && told >= Math.max(updated, deleted);
  }

  /**
   * ms since 1970. Before the org has told its time this machine's clock stands in for it, so that the first cycle of a
   * process costs no call more. Nothing follows from it but the end that is asked for: coverage, cursors and the times
   * of rows are the org's word, and an end that its answer proves to lie in a minute before is followed by another.
   */
  now(): number {
    const { remote, clock } = this.#context;
    if (this.isKnown) return remote.clock.now();
    const { updated, deleted } = this.#cursors;
    return Math.max(this.#told() ?? clock.now(), updated, deleted);
  }

  /**
   * Done once, as soon as the org has told its time; before anything is taken from its answers. Throws
   * `CURSOR_IN_FUTURE` or `CURSOR_OUT_OF_REACH`, and believes neither of one route's word: that may be dated wrong by
   * itself.
   */
  async check({ signal }: { signal: AbortSignal }): Promise<void> {
    if (this.#isChecked || this.#told() === null) return;
    try {
      await this.#compare();
    } catch (error) {
      if (!isAppError(error, 'CURSOR_IN_FUTURE', 'CURSOR_OUT_OF_REACH')) throw error;
      await this.#context.remote.identity({ signal });
      await this.#compare();
    }
    this.#isChecked = true;
  }

  /**
   * The same of a window that was refused. Only the org's time tells why, and where that leaps from this machine's, the
   * refusal alone did not tell it: it is asked for.
   */
  async checkRefused({ signal }: { signal: AbortSignal }): Promise<void> {
    if (this.#told() === null) await this.#context.remote.identity({ signal });
    await this.check({ signal });
  }

  async #compare(): Promise<void> {
    const { updated, deleted } = this.#cursors;
    const told = this.#context.remote.clock.told();
    await assertNotInFuture(this.#context);
    assertWithinReach('updated', updated, told);
    assertWithinReach('deleted', deleted, told);
  }

  #told(): number | null {
    try {
      return this.#context.remote.clock.told();
    } catch {
      // It has not answered yet.
      return null;
    }
  }
}
