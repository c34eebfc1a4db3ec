import { abortReason, abortReasonOf, throwIfAborted } from '../base/abort.ts';
import { AppError } from '../base/errors.ts';
import type { App, CallContext } from '../contract/app.ts';
import { optionsOver } from './options-over.ts';
import type { CallOptions } from './parahack-sync.ts';

/** Calls of an application that may be closed while they run, or while their results are read. */
export class Calls {
  readonly #app: App;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #streams = new Set<AsyncGenerator<unknown>>();
  #closed: Promise<void> | null = null;

  constructor(app: App) {
    this.#app = app;
  }

  /** Throws AppError `INVALID_INPUT` where the application is closed. */
  async call<Event, T>(
    options: CallOptions<Event> | undefined,
    work: (app: App, context: CallContext<Event>) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    const usual: CallOptions<Event> = { signal: undefined, onEvent: undefined };
    const { signal, onEvent = () => {} } = optionsOver('a call', usual, options);
    throwIfAborted(signal);
    // Whatever the caller's signal is aborted with, a timeout say, the work is to take it for an abort.
    const own = new AbortController();
    const onAbort = () => own.abort(abortReasonOf(signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    // What goes on behind a result, such as making an index, ends with the application.
    const ends = AbortSignal.any([this.#closing.signal, own.signal]);
    const told = (event: Event) => {
      try {
        onEvent(event);
      } catch (error) {
        // Thrown into the work, it would pass for a failure of the org.
        queueMicrotask(() => {
          throw error;
        });
      }
    };
    const called = work(this.#app, { signal: ends, onEvent: told });
    this.#underWay.add(called);
    try {
      return await called;
    } finally {
      this.#underWay.delete(called);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * What is read after its call has returned: ends with `signal`, and is ended before the application is closed. It is
   * read once. A second reading, and one that is not over when the application is closed, throw AppError
   * `INVALID_INPUT`: an end without an error means that nothing is missing.
   */
  stream<Row, T>(
    batches: AsyncIterable<readonly Row[]>,
    itemOf: (row: Row) => T,
    signal: AbortSignal | undefined,
  ): AsyncIterable<T> {
    let isBegun = false;
    let isWhole = false;
    const read = async function* (assertOpen: () => void) {
      for await (const batch of batches) {
        for (const row of batch) {
          yield itemOf(row);
          assertOpen();
          throwIfAborted(signal);
        }
      }
      isWhole = true;
    };
    const assertOpen = () => this.#assertOpen();
    const items = read(assertOpen);
    const ended = () => void this.#streams.delete(items);
    this.#streams.add(items);
    return {
      async *[Symbol.asyncIterator]() {
        assertOpen();
        if (isBegun) throw readTwice();
        isBegun = true;
        try {
          yield* items;
          if (!isWhole) assertOpen();
        } finally {
          ended();
        }
      },
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(abortReason('The application was closed.'));
    await Promise.allSettled(this.#underWay);
    await Promise.allSettled([...this.#streams].map((items) => items.return(undefined)));
    await this.#app[Symbol.asyncDispose]();
  }

  #assertOpen(): void {
    if (this.#closed === null) return;
    throw new AppError('INVALID_INPUT', 'This application is closed.', { hint: 'Open it once more.' });
  }
}

function readTwice(): AppError {
  return new AppError('INVALID_INPUT', 'These records are read once, and have been read or are being read.', {
    hint: 'Call the method again for another reading, or keep the records of the first one.',
  });
}
