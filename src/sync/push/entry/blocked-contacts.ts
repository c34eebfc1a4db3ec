/** States of an entry that a person has to decide about. */
export type Undecided = 'conflict' | 'held' | 'in-doubt';

/**
 * Why later changes of a contact wait: a person has to decide about an earlier one, or an earlier one could not be
 * sent in this drain.
 */
export type BlockReason = Undecided | 'unsent';

/** Contacts whose later changes must not be sent before an earlier one is done. */
export class BlockedContacts {
  readonly #names = new Map<string, BlockReason>();

  add(names: readonly string[], reason: BlockReason): void {
    for (const name of names) if (!isUndecided(this.#names.get(name))) this.#names.set(name, reason);
  }

  /** Null where nothing stands before a change of this contact. */
  reason(names: readonly string[]): BlockReason | null {
    let found: BlockReason | null = null;
    for (const name of names) {
      const reason = this.#names.get(name);
      if (isUndecided(reason)) return reason;
      found ??= reason ?? null;
    }
    return found;
  }
}

function isUndecided(reason: BlockReason | undefined): reason is Undecided {
  return reason !== undefined && reason !== 'unsent';
}
