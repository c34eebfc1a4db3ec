import { messageOf } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { RunRecorder } from '../../run-recorder.ts';
import { readBackSome } from './read-back.ts';

/**
 * Reads back what was written while the rest is being sent: as often as one call would be full, and one at a time. What
 * fails is left to the reading at the end.
 */
export class ReadBehind implements AsyncDisposable {
  readonly #context: SyncContext;
  readonly #options: { run: RunRecorder; signal: AbortSignal };
  #reading: Promise<void> | null = null;
  #read = 0;
  #isOff = false;

  constructor(context: SyncContext, options: { run: RunRecorder; signal: AbortSignal }) {
    this.#context = context;
    this.#options = options;
  }

  /** `written`: how many contacts have been written in all. */
  look(written: number): void {
    const { sizes } = this.#context;
    if (this.#isOff || this.#reading !== null || written - this.#read < sizes.retrieveRows) return;
    this.#reading = this.#readSome().finally(() => {
      this.#reading = null;
    });
  }

  async #readSome(): Promise<void> {
    try {
      this.#read += await readBackSome(this.#context, this.#options);
    } catch (error) {
      this.#isOff = true;
      this.#context.log.debug('what was pushed is read back later', { reason: messageOf(error) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOff = true;
    await this.#reading;
  }
}
