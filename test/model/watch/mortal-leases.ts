import type { Clock } from '../../../src/base/clock.ts';
import { waitForLease } from '../../../src/lease/wait-for-lease.ts';
import type { Lease, LeaseHolder, Leases, TakeOptions, WaitOptions } from '../../../src/sync/ports/leases.ts';
import type { FailPoints } from './fail-points.ts';

/** The leases of one process: with it end all that it holds, as the operating system ends them. */
export class MortalLeases implements Leases {
  readonly #leases: Leases;
  readonly #points: FailPoints;
  readonly #clock: Clock;
  readonly #held = new Set<Lease>();
  readonly #lost = new Set<Lease>();

  constructor(leases: Leases, points: FailPoints, clock: Clock) {
    this.#leases = leases;
    this.#points = points;
    this.#clock = clock;
  }

  async take(name: string, options?: TakeOptions): Promise<Lease | null> {
    this.#points.alive();
    const lease = await this.#leases.take(name, options);
    if (lease === null) return null;
    this.#held.add(lease);
    this.#points.regainGround();
    const release = async () => {
      if (this.#points.isDead || this.#lost.has(lease)) return;
      this.#held.delete(lease);
      await lease.release();
    };
    return {
      name: lease.name,
      fence: lease.fence,
      lost: lease.lost,
      confirm: async () => {
        this.#points.alive();
        if (!this.#lost.has(lease)) await lease.confirm();
      },
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  wait(name: string, options: WaitOptions = {}): Promise<Lease> {
    return waitForLease(this, name, options, this.#clock);
  }

  async holderOf(name: string): Promise<LeaseHolder | null> {
    return this.#leases.holderOf(name);
  }

  /** As whoever was halted for so long that others may take what it holds; it believes that it holds them still. */
  async lose(): Promise<void> {
    this.#points.loseGround();
    for (const lease of this.#held) {
      this.#lost.add(lease);
      await lease.release();
    }
    this.#held.clear();
  }

  async died(): Promise<void> {
    for (const lease of this.#held) await lease.release();
    this.#held.clear();
  }
}
