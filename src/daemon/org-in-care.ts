import { withFinally } from '../base/finally.ts';
import type { CallsAhead } from './stretched-interval.ts';
import type { PushCause, WatchedOrg } from './watched-org.ts';

interface Options {
  open(): Promise<WatchedOrg>;
  /** Whether the org may stay open until its next turn. */
  staysOpen(): boolean;
}

/** The org of a loop: taken, let go, and taken again. While it is not taken it is asked for nothing. */
export class OrgInCare {
  readonly #options: Options;
  #org: WatchedOrg | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes it where that is not done yet. Throws what `open` throws. */
  async taken(): Promise<WatchedOrg> {
    this.#org ??= await this.#options.open();
    return this.#org;
  }

  async push(signal: AbortSignal, why: PushCause): Promise<void> {
    await this.#org?.push?.(signal, why);
  }

  silentForMs(): number {
    return this.#org?.silentForMs() ?? 0;
  }

  /** Never throws: it is looked at again. */
  async isAsked(): Promise<boolean> {
    return (await this.#org?.isAsked?.().catch(() => false)) === true;
  }

  /** Never throws: who cannot tell keeps to the interval that was asked for, and calls are counted all the same. */
  async callsAhead(): Promise<CallsAhead | null> {
    try {
      return (await this.#org?.callsAhead?.()) ?? null;
    } catch {
      return null;
    }
  }

  /** Never throws: it is for people. */
  async stretchTo(stretchedMs: number | null): Promise<void> {
    await this.#org?.stretchTo?.(stretchedMs).catch(() => {});
  }

  /** Never throws: where nobody can be told, it is asked for on. */
  async refuseAsked(error: unknown): Promise<void> {
    await this.#org?.refuseAsked?.(error).catch(() => {});
  }

  /** After a failure always: what was open may be what is wrong, as a file that was damaged meanwhile. */
  async thenRest<T>(work: () => Promise<T>): Promise<T> {
    let isGood = false;
    return withFinally(
      async () => {
        const value = await work();
        isGood = true;
        return value;
      },
      async () => {
        if (!isGood || !this.#options.staysOpen()) await this.#org?.rest();
      },
    );
  }

  /** Never throws: what closing it says comes of what it was spent by, and the next turn takes another. */
  async dropSpent(): Promise<void> {
    const org = this.#org;
    try {
      if (org === null || !(await org.isSpent())) return;
      this.#org = null;
      await org[Symbol.asyncDispose]();
    } catch {}
  }

  /** Does nothing where none is taken. Throws what closing it throws; it is let go of all the same. */
  async letGo(): Promise<void> {
    const org = this.#org;
    this.#org = null;
    await org?.[Symbol.asyncDispose]();
  }
}
