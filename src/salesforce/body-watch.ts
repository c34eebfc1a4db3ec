import type { BodyPace } from './timeouts.ts';

export interface BodyWatchOptions {
  maxBytes: number;
  pace: BodyPace;
  monotonicMs: () => number;
  tooLarge: () => Error;
  tooSlow: () => Error;
}

/**
 * Bounds what one answer may bring and how long it may take for it. Only the time that we wait for it counts, so a
 * reader that takes its time is not the org's fault.
 */
export class BodyWatch {
  readonly #options: BodyWatchOptions;
  #bytes = 0;
  #waitedMs = 0;

  constructor(options: BodyWatchOptions) {
    this.#options = options;
  }

  async wait<T>(next: () => Promise<T>): Promise<T> {
    const { monotonicMs } = this.#options;
    const from = monotonicMs();
    try {
      return await next();
    } finally {
      this.#waitedMs += monotonicMs() - from;
    }
  }

  /** Throws where the body has become too large, or came too slowly so far. */
  took(bytes: number): void {
    const { maxBytes, pace, tooLarge, tooSlow } = this.#options;
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) throw tooLarge();
    if (this.#waitedMs > pace.graceMs + (this.#bytes / pace.leastBytesPerSecond) * 1_000) throw tooSlow();
  }
}
