import { abortReason } from './abort.ts';

/**
 * A signal that aborts some time after another: for what has left and whose answer is worth waiting for when the work
 * is to end, but not for ever; Infinity gives it all the time. Disposed when nothing is waited for any more.
 */
export class Grace implements Disposable {
  readonly #given = new AbortController();
  readonly #from: AbortSignal;
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: AbortSignal, graceMs: number, why: string) {
    this.#from = from;
    this.#onAbort = () => {
      // Node.js would take Infinity for a millisecond.
      if (!Number.isFinite(graceMs)) return;
      this.#timer = setTimeout(() => this.#given.abort(abortReason(why)), graceMs);
    };
    if (from.aborted) this.#onAbort();
    else from.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#given.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#from.removeEventListener('abort', this.#onAbort);
  }
}
