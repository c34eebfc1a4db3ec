import { AppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { LostRequest, OutboxEntry } from '../../ports/outbox-entry.ts';
import { type ContactNames, contactNames } from '../entry/contact-names.ts';
import type { Blocks } from './plan-page.ts';

/** Holds back changes of contacts of which an earlier request may still be carried out: it would undo them. */
export class BehindLost {
  /** Under which keys they were sent, by the names of their contacts. */
  readonly #names = new Map<string, Set<string>>();
  /** Under which keys those were sent whose entries have no Id, by the keys that these have now. */
  readonly #withoutId = new Map<string, string>();

  private constructor() {}

  /** `overBefore`: what ended before this time of the org, ms since 1970, is taken as over; absent: what is noted so alone. */
  static async of(
    context: Pick<SyncContext, 'mirror'>,
    { overBefore = Number.NEGATIVE_INFINITY }: { overBefore?: number | undefined } = {},
  ): Promise<BehindLost> {
    const behind = new BehindLost();
    const noted = await context.mirror.outbox.lostRequests();
    await behind.#add(
      context,
      noted.filter(({ endedOrgAt }) => endedOrgAt === null || endedOrgAt > overBefore),
    );
    return behind;
  }

  async #add(
    context: Pick<SyncContext, 'mirror'>,
    lost: readonly Pick<LostRequest, 'entry' | 'sentAs'>[],
  ): Promise<void> {
    if (lost.length === 0) return;
    const namesOf = await contactNames(
      context,
      lost.map(({ entry }) => entry),
    );
    for (const { entry, sentAs } of lost) {
      for (const name of namesOf(entry))
        this.#names.set(name, (this.#names.get(name) ?? new Set()).add(sentAs));
      if (entry.contactId === null) this.#withoutId.set(entry.key, sentAs);
      else this.#withoutId.delete(entry.key);
    }
  }

  /** A pull, or the outcome of a repeat, may have told meanwhile of which contacts upserts are. */
  async learnIds(context: Pick<SyncContext, 'mirror'>): Promise<void> {
    if (this.#withoutId.size === 0) return;
    const entries = await context.mirror.outbox.list({ keys: [...this.#withoutId.keys()] });
    await this.#add(
      context,
      entries.map((entry) => ({ entry, sentAs: this.#withoutId.get(entry.key) ?? entry.key })),
    );
  }

  /** Names of the contacts. */
  names(): Iterable<string> {
    return this.#names.keys();
  }

  /** What these do, behind this. `progress` gets why anything is held back. */
  before(blocks: Blocks, progress: { stuck: Error | null } = { stuck: null }): Blocks {
    if (this.#names.size === 0) return blocks;
    return {
      blockReason: (unit, namesOf) => {
        const reason = blocks.blockReason(unit, namesOf);
        if (reason !== null || !unit.some((entry) => this.#holds(entry, namesOf))) return reason;
        progress.stuck ??= waitsBehindLost();
        return 'lost';
      },
      block: (unit, namesOf, reason) => blocks.block(unit, namesOf, reason),
    };
  }

  /** A repeat writes what its first sending would; one whose values were changed since does not, and has another key. */
  #holds(entry: OutboxEntry, namesOf: ContactNames): boolean {
    return namesOf(entry).some((name) => {
      const lost = this.#names.get(name);
      return lost !== undefined && (lost.size > 1 || !lost.has(entry.key));
    });
  }
}

/** The entry whose request was cut, may still be carried out, and holds this one back; null where none does. */
export async function lostBefore(
  context: Pick<SyncContext, 'mirror'>,
  entry: OutboxEntry,
): Promise<OutboxEntry | null> {
  const lost = await context.mirror.outbox.lostRequests();
  if (lost.length === 0) return null;
  const namesOf = await contactNames(context, [...lost.map(({ entry: before }) => before), entry]);
  const names = new Set(namesOf(entry));
  const isBefore = ({ entry: before, sentAs }: LostRequest) =>
    sentAs !== entry.key && namesOf(before).some((name) => names.has(name));
  return lost.find(isBefore)?.entry ?? null;
}

/** Why those wait. */
function waitsBehindLost(): AppError {
  return new AppError(
    'UNSENT',
    'An earlier request of the same contact got no answer, and Salesforce may still carry it out. What was to follow it waits until Salesforce has said that it is over',
    {
      hint: 'That takes a minute or more. The next push or cycle asks for it, and sends the rest. `parahack-sync outbox show KEY` of one that waits names the entry that it waits for, and `parahack-sync outbox settle KEY --not-sent` of that one ends the wait where you know that its request will not be carried out.',
    },
  );
}
