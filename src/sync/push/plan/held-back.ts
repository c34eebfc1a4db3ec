import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { BlockReason } from '../entry/blocked-contacts.ts';
import { type ContactNames, contactNames } from '../entry/contact-names.ts';
import type { Blocks } from './plan-page.ts';
import type { WaitsForJob } from './waits-for-job.ts';

const entriesPerPage = 2_000;

/**
 * What is not sent while ingest jobs are under way: changes of their contacts, and what is to go by a job itself. For one
 * pass through the outbox.
 */
export class HeldBack {
  readonly #waits: WaitsForJob;
  /** Names of contacts that nothing may be sent of. */
  readonly #names: Set<string>;

  private constructor(waits: WaitsForJob, names: Set<string>) {
    this.#waits = waits;
    this.#names = names;
  }

  static async of(context: Pick<SyncContext, 'mirror'>, waits: WaitsForJob): Promise<HeldBack> {
    const names = new Set<string>();
    for await (const page of sentPages(context)) {
      const inJobs = page.filter(({ way }) => way === 'bulk');
      const namesOf = await contactNames(context, inJobs);
      for (const entry of inJobs) for (const name of namesOf(entry)) names.add(name);
    }
    return new HeldBack(waits, names);
  }

  /** What `blocks` does, behind this. What is held back so is not blocked for later passes. */
  before(blocks: Blocks): Blocks {
    const held = new WeakSet<readonly OutboxEntry[]>();
    return {
      blockReason: (unit, namesOf) => {
        if (!this.#holds(unit, namesOf)) return blocks.blockReason(unit, namesOf);
        held.add(unit);
        return 'unsent';
      },
      block: (unit, namesOf, reason: BlockReason) => {
        if (!held.has(unit)) blocks.block(unit, namesOf, reason);
      },
    };
  }

  /** What follows of the same contacts waits too. */
  #holds(unit: readonly OutboxEntry[], namesOf: ContactNames): boolean {
    const names = unit.flatMap((entry) => namesOf(entry));
    const isHeld = unit.some((entry) => this.#waits(entry)) || names.some((name) => this.#names.has(name));
    if (isHeld) for (const name of names) this.#names.add(name);
    return isHeld;
  }
}

async function* sentPages({ mirror }: Pick<SyncContext, 'mirror'>): AsyncGenerator<OutboxEntry[]> {
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states: ['sent'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.seq;
    yield page;
  }
}
