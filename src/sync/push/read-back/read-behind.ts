import { messageOf } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { RunRecorder } from '../../run-recorder.ts';
import { mostReadBackCalls, readBackBeside } from './read-back.ts';

/**
 * Reads back what was written while the rest is being sent, as often as one call would be full. What fails is left to
 * the reading at the end.
 */
export class ReadBehind implements AsyncDisposable {
  readonly #context: SyncContext;
  readonly #options: { run: RunRecorder; signal: AbortSignal };
  readonly #calls = new Set<Promise<void>>();
  /** Keys of the entries that they read. */
  readonly #reading = new Set<string>();
  /** Contacts that have been written, as far as was told. */
  #written = 0;
  /** Contacts that were read or are to be read by a call that is under way. */
  #taken = 0;
  #isOff = false;

  constructor(context: SyncContext, options: { run: RunRecorder; signal: AbortSignal }) {
    this.#context = context;
    this.#options = options;
  }

  /** `written`: how many contacts have been written in all. */
  look(written: number): void {
    this.#written = written;
    const { retrieveRows } = this.#context.sizes;
    while (!this.#isOff && this.#calls.size < mostReadBackCalls && written - this.#taken >= retrieveRows) {
      this.#taken += retrieveRows;
      const call = this.#readSome().then((read) => {
        this.#calls.delete(call);
        this.#taken += read - retrieveRows;
        // Where nothing was due, others have read it.
        if (read > 0) this.look(this.#written);
      });
      this.#calls.add(call);
    }
  }

  /** Returns how many were read. Never throws. */
  async #readSome(): Promise<number> {
    try {
      return await readBackBeside(this.#context, this.#reading, this.#options);
    } catch (error) {
      this.#isOff = true;
      this.#context.log.debug('what was pushed is read back later', { reason: messageOf(error) });
      return 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOff = true;
    await Promise.all(this.#calls);
  }
}
