import type { BodyPace } from './timeouts.ts';

export interface BodyWatchOptions {
  maxBytes: number;
  pace: BodyPace;
  monotonicMs: () => number;
  tooLarge: () => Error;
  tooSlow: () => Error;
}

/** What Node takes for a timer. */
const longestTimerMs = 2 ** 31 - 1;

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

  /** Throws where nothing comes for too long: bytes may arrive that unpack to none, and those end by no silence. */
  async wait<T>(next: () => Promise<T>): Promise<T> {
    const { monotonicMs, tooSlow } = this.#options;
    const from = monotonicMs();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(tooSlow()), Math.min(this.#patienceMs(), longestTimerMs));
    const coming = next();
    // Whoever is told of the lateness destroys the body, and that ends this one too.
    coming.catch(() => {});
    try {
      return await Promise.race([coming, late.promise]);
    } finally {
      clearTimeout(timer);
      this.#waitedMs += monotonicMs() - from;
    }
  }

  /** Throws where the body has become too large, or came too slowly so far. */
  took(bytes: number): void {
    const { maxBytes, tooLarge, tooSlow } = this.#options;
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) throw tooLarge();
    if (this.#patienceMs() < 0) throw tooSlow();
  }

  /** How much longer what has come so far may be waited for. */
  #patienceMs(): number {
    const { graceMs, leastBytesPerSecond } = this.#options.pace;
    return graceMs + (this.#bytes / leastBytesPerSecond) * 1_000 - this.#waitedMs;
  }
}
