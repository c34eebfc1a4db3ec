import { throwIfAborted } from '../base/abort.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { leaseLost } from '../base/lease-lost.ts';
import type { Lease, LeaseHolder, Leases, TakeOptions, WaitOptions } from '../sync/ports/leases.ts';
import { waitForLease } from './wait-for-lease.ts';

/** Leases within one process, for tests and for whoever works alone. */
export class MemoryLeases implements Leases {
  readonly #clock: Clock;
  readonly #fences = new Map<string, number>();
  readonly #held = new Map<string, { holder: LeaseHolder; lose: () => void }>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async take(name: string, { purpose, above = 0, signal }: TakeOptions = {}): Promise<Lease | null> {
    throwIfAborted(signal);
    if (this.#held.has(name)) return null;
    const fence = Math.max(this.#fences.get(name) ?? 0, above) + 1;
    this.#fences.set(name, fence);
    const holder = {
      pid: process.pid,
      isThisProcess: true,
      since: this.#clock.now(),
      ...(purpose === undefined ? {} : { purpose }),
    };
    const losing = new AbortController();
    const entry = { holder, lose: () => losing.abort(leaseLost(name, { fence })) };
    this.#held.set(name, entry);
    const release = async () => {
      if (this.#held.get(name) === entry) this.#held.delete(name);
    };
    return {
      name,
      fence,
      lost: losing.signal,
      async confirm() {
        if (losing.signal.aborted) throw losing.signal.reason;
      },
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  wait(name: string, options: WaitOptions = {}): Promise<Lease> {
    return waitForLease(this, name, options, this.#clock);
  }

  async holderOf(name: string): Promise<LeaseHolder | null> {
    return this.#held.get(name)?.holder ?? null;
  }

  /** Takes it from its holder, as a lock that was lost. */
  drop(name: string): void {
    this.#held.get(name)?.lose();
    this.#held.delete(name);
  }
}
