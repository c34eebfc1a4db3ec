import type { SyncContext } from '../../context.ts';
import { BehindLost } from './behind-lost.ts';

type Known = { behind: Promise<BehindLost>; changes: number };

/**
 * What stands behind requests without an answer, for one drain. All of them are looked for once, and again only where this
 * drain may have changed what there is: nobody else does while it has the lease.
 */
export class LostOfDrain {
  #known: Known | null = null;

  async behind(context: Pick<SyncContext, 'mirror'>): Promise<BehindLost> {
    const changes = context.mirror.outbox.lostChanges();
    if (this.#known?.changes !== changes) this.#known = { behind: BehindLost.of(context), changes };
    const { behind } = this.#known;
    try {
      const known = await behind;
      await known.learnIds(context);
      return known;
    } catch (error) {
      this.#known = null;
      throw error;
    }
  }
}
