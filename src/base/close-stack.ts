import { withFinally } from './finally.ts';

/**
 * What was opened, to be closed in the reverse order: the language's AsyncDisposableStack, which Node.js 22 does not
 * have. Whatever one part says, the others are closed too, and the first error is thrown.
 */
export class CloseStack implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];

  /** What `open` answers; where it fails, what it has opened is closed, and its own error stays. */
  static async opening<T>(open: (opened: CloseStack) => Promise<T>): Promise<T> {
    const opened = new CloseStack();
    try {
      return await open(opened);
    } catch (error) {
      await opened[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  /** The part itself. */
  use<Part extends AsyncDisposable>(part: Part): Part {
    this.defer(() => part[Symbol.asyncDispose]());
    return part;
  }

  /** `close` runs once: when the answered function is called, at the latest with the others. */
  defer(close: () => unknown): () => Promise<void> {
    const closer = () => close();
    this.#closers.push(closer);
    return async () => {
      const at = this.#closers.indexOf(closer);
      if (at < 0) return;
      this.#closers.splice(at, 1);
      await closer();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const close = this.#closers.pop();
    if (close !== undefined)
      await withFinally(
        async () => close(),
        () => this[Symbol.asyncDispose](),
      );
  }
}
