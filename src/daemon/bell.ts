import type { Clock } from '../base/clock.ts';

/**
 * Ends a wait before its time. One that rings while nobody waits is remembered, so that what happened during a turn is
 * looked at right after it.
 */
export class Bell {
  #rung = false;
  #waiter: AbortController | null = null;

  ring(): void {
    this.#rung = true;
    this.#waiter?.abort();
  }

  /** Waits for the time, the bell or the end, whichever comes first: rejects with an AbortError at the end alone. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<'tick' | 'nudge'> {
    if (!this.#rung) {
      this.#waiter = new AbortController();
      try {
        await clock.sleep(ms, { signal: AbortSignal.any([signal, this.#waiter.signal]) });
        return 'tick';
      } catch (error) {
        if (!this.#rung || signal.aborted) throw error;
      } finally {
        this.#waiter = null;
      }
    }
    this.#rung = false;
    return 'nudge';
  }
}
