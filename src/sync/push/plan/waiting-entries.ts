import type { Outbox } from '../../ports/outbox.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { StagingDraft } from '../../ports/outbox-staging.ts';

type Listing = NonNullable<Parameters<Outbox['list']>[0]>;

/** Behind every entry that an outbox can have. */
const draftBehind = 2 ** 52;

/**
 * The outbox as it would be with the entries of a draft, less what was taken: what a plan has a request for is done as
 * far as the rest of the plan goes. Holds no more than the keys of the entries of others, and of what was taken out of
 * its order.
 */
export class WaitingEntries implements Pick<Outbox, 'list'> {
  readonly #outbox: Pick<Outbox, 'list'>;
  readonly #draft: StagingDraft;
  /** Everything up to here is taken. */
  #taken = -1;
  /** Taken beyond that. */
  readonly #takenKeys = new Set<string>();
  readonly #others = new Set<string>();

  constructor(outbox: Pick<Outbox, 'list'>, draft: StagingDraft) {
    this.#outbox = outbox;
    this.#draft = draft;
  }

  async list({ states = [], after = -1, limit = 1 }: Listing): Promise<OutboxEntry[]> {
    const found: OutboxEntry[] = [];
    let from = Math.max(after, this.#taken);
    while (found.length < limit) {
      const some = await this.#some(states, from, limit - found.length);
      const last = some.at(-1);
      if (last === undefined) break;
      const left = some.filter(({ key }) => !this.#takenKeys.has(key));
      if (left.length === 0 && from === this.#taken) {
        this.#taken = last.seq;
        for (const { key } of some) this.#takenKeys.delete(key);
      }
      found.push(...left);
      from = last.seq;
    }
    return found;
  }

  take(keys: readonly string[]): void {
    for (const key of keys) this.#takenKeys.add(key);
  }

  /** Whether the entry is not one of the draft's. */
  isOther(key: string): boolean {
    return this.#others.has(key);
  }

  async #some(states: Listing['states'], after: number, limit: number): Promise<OutboxEntry[]> {
    if (after < draftBehind) {
      const stored = await this.#outbox.list({ states: states ?? [], after, limit });
      const own = new Set(await this.#draft.ownOf(stored.map(({ key }) => key)));
      for (const { key } of stored) if (!own.has(key)) this.#others.add(key);
      if (stored.length > 0) return stored;
    }
    const place = Math.max(0, after - draftBehind);
    const drafted = await this.#draft.list({ after: place, limit });
    return drafted
      .filter(({ state }) => states?.includes(state) ?? true)
      .map((entry) => ({ ...entry, seq: entry.seq + draftBehind }));
  }
}
