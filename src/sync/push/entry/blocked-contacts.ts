import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { ContactNames } from './contact-names.ts';

/** States of an entry that a person has to decide about. */
export type Undecided = 'conflict' | 'held' | 'in-doubt';

/**
 * Why later changes of a contact wait: a person has to decide about an earlier one, an earlier one could not be sent in
 * this drain, or (`lost`) a request of it that was cut may still be carried out.
 */
export type BlockReason = Undecided | 'unsent' | 'lost';

/** Contacts whose changes must not be sent before another one of theirs is done. */
export class BlockedContacts {
  /** The place in the outbox of the first that is so, by the names of its contact. */
  readonly #first: Readonly<Record<BlockReason, Map<string, number>>> = {
    conflict: new Map(),
    held: new Map(),
    'in-doubt': new Map(),
    unsent: new Map(),
    lost: new Map(),
  };

  /** What was cut may be over by the next pass. */
  beginPass(): void {
    this.#first.lost.clear();
  }

  add(entries: readonly OutboxEntry[], namesOf: ContactNames, reason: BlockReason): void {
    const first = this.#first[reason];
    for (const entry of entries) {
      for (const name of namesOf(entry))
        first.set(name, Math.min(entry.seq, first.get(name) ?? Number.POSITIVE_INFINITY));
    }
  }

  /** Null where nothing stands before a change of this contact. */
  reason({ seq }: Pick<OutboxEntry, 'seq'>, names: readonly string[]): BlockReason | null {
    for (const reason of reasons) {
      const first = this.#first[reason];
      if (first.size === 0) continue;
      for (const name of names) {
        const at = first.get(name);
        if (at !== undefined && (at < seq || !isAtRest.has(reason))) return reason;
      }
    }
    return null;
  }
}

const reasons: readonly BlockReason[] = ['conflict', 'held', 'in-doubt', 'unsent', 'lost'];

/**
 * Nothing of it is under way, so that what stands before it does not wait for it: it would wait for a person's word about
 * another change than that person has put behind it, or for the very request that a repeat is of.
 */
const isAtRest: ReadonlySet<BlockReason> = new Set(['conflict', 'held', 'lost']);
