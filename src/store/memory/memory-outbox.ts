import type { DoubtNote } from '../../sync/ports/doubt.ts';
import type { Accounted, Outbox } from '../../sync/ports/outbox.ts';
import type {
  GivingEntry,
  LostNote,
  LostRequest,
  NewOutboxEntry,
  OpenCreation,
  OutboxEntry,
  OutboxState,
  SendWay,
  Settlement,
  WrittenEntry,
} from '../../sync/ports/outbox-entry.ts';
import type { OutboxStaging } from '../../sync/ports/outbox-staging.ts';
import type { LostWrite, OwnWrite } from '../../sync/ports/own-write.ts';
import { kept, type MemoryFile } from './memory-file.ts';
import { giving, hasUpserts } from './memory-giving.ts';
import { MemoryStaging } from './memory-staging.ts';
import { entryOf, type MemoryEntry, neverSent, newEntry } from './memory-state.ts';
import { MemoryUnshown, writtenOf } from './memory-unshown.ts';
import { knownBefore, lostBy, settled } from './settled-entry.ts';

export class MemoryOutbox implements Outbox {
  readonly #file: MemoryFile;
  readonly unshown: MemoryUnshown;
  #lostChanges = 0;

  constructor(file: MemoryFile) {
    this.#file = file;
    this.unshown = new MemoryUnshown(file);
  }

  async add(entries: readonly NewOutboxEntry[]): Promise<void> {
    this.#file.write('queue-push', (state) => {
      for (const entry of entries) {
        if (state.outbox.has(entry.key)) throw new Error(`Outbox entry ${entry.key} is there already.`);
        state.outbox.set(entry.key, newEntry(state, kept(entry)));
      }
    });
  }

  async list({
    states,
    keys,
    keyPrefix = '',
    after = -1,
    maybeSent = false,
    limit,
  }: Parameters<Outbox['list']>[0] = {}): Promise<OutboxEntry[]> {
    const wanted = keys && new Set(keys);
    return this.#select(
      ({ key, state, seq, sentAt }) =>
        (states?.includes(state) ?? true) &&
        (wanted?.has(key) ?? true) &&
        key.startsWith(keyPrefix) &&
        seq > after &&
        (!maybeSent || sentAt !== null),
      limit,
    );
  }

  async markSent(
    keys: readonly string[],
    way: SendWay,
    at: number,
    orgAt: number | null = null,
    by: string | null = null,
    job: string | null = null,
  ): Promise<void> {
    this.#file.write('send-entries', (state) => {
      for (const key of keys) {
        const entry = state.outbox.get(key);
        // Sending what is not pending any more could send it twice, so nothing of the batch may go out.
        if (entry?.state !== 'pending') throw new Error(`Outbox entry ${key} is not pending.`);
        const first =
          entry.sentAt === null
            ? { sentAt: at, sentOrgAt: orgAt, sentBy: by, knownBefore: knownBefore(state, entry, job) }
            : {};
        const attempts = entry.attempts + 1;
        state.outbox.set(key, { ...entry, ...first, state: 'sent', way, job, attempts, doubt: null });
      }
    });
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.some(({ state }) => state === 'in-doubt')) this.#lostChanges++;
    this.#file.write('send-entries', ({ outbox }) => {
      for (const settlement of settlements) {
        const entry = outbox.get(settlement.key);
        // What a person has dropped meanwhile stays so, or it would be sent again.
        if (entry === undefined || entry.state === 'dropped') continue;
        outbox.set(entry.key, { ...settled(entry, kept(settlement)), lost: lostBy(entry, settlement) });
      }
    });
  }

  async noteDoubts(notes: readonly DoubtNote[]): Promise<void> {
    this.#file.write('send-entries', ({ outbox }) => {
      for (const { key, doubt } of notes) {
        const entry = outbox.get(key);
        if (entry?.state === 'in-doubt') outbox.set(key, { ...entry, doubt: kept(doubt) });
      }
    });
  }

  async accountedFor(ids: readonly string[]): Promise<Accounted> {
    const asked = new Set(ids);
    const own = this.#select(
      ({ op, contactId }) => op === 'create' && contactId !== null && asked.has(contactId),
      undefined,
    );
    const idsOf = (entries: readonly OutboxEntry[]) =>
      new Set(entries.map(({ contactId }) => contactId as string));
    const made = idsOf(own.filter(({ created }) => created !== false));
    // Its earlier try may have made what an upsert has met.
    const again = idsOf(own.filter(({ attempts }) => attempts > 1));
    return { made: [...made], maybe: [...again].filter((id) => !made.has(id)) };
  }

  async doneOf(ids: readonly string[]): Promise<OutboxEntry[]> {
    const asked = new Set(ids);
    return this.#select(
      ({ state, contactId }) => state === 'done' && contactId !== null && asked.has(contactId),
      undefined,
    );
  }

  /** No program writes to a mirror in memory. */
  async ownWritesSince(): Promise<OwnWrite[]> {
    return [];
  }

  async lostWritesOf(): Promise<LostWrite[]> {
    return [];
  }

  async openCreations(): Promise<OpenCreation[]> {
    return [];
  }

  async lostRequests(): Promise<LostRequest[]> {
    return this.#file.read(({ outbox }) =>
      [...outbox.values()].flatMap((entry) =>
        entry.lost === null ? [] : [{ entry: entryOf(kept(entry)), sentAs: entry.key, ...entry.lost }],
      ),
    );
  }

  lostChanges(): number {
    return this.#lostChanges;
  }

  async noteLost(notes: readonly LostNote[]): Promise<void> {
    this.#lostChanges++;
    this.#file.write('send-entries', ({ outbox }) => {
      for (const { key, ...end } of notes) {
        const entry = outbox.get(key);
        if (entry === undefined || entry.lost === null) continue;
        outbox.set(key, { ...entry, lost: 'over' in end ? null : { endedOrgAt: end.endedOrgAt } });
      }
    });
  }

  async move(
    keys: readonly string[],
    from: readonly OutboxState[],
    to: OutboxState,
    at: number,
    { unsent = false }: { unsent?: boolean } = {},
  ): Promise<string[]> {
    return this.#file.write('decide-entries', ({ outbox }) =>
      keys.filter((key) => {
        const entry = outbox.get(key);
        if (entry === undefined || !from.includes(entry.state)) return false;
        const settledAt = to === 'dropped' || to === 'done' || to === 'rejected' ? at : null;
        const approved = entry.approved || (entry.state === 'held' && to === 'pending');
        const isRead =
          !unsent && entry.state === 'in-doubt' && (entry.op !== 'create' || entry.upsertField !== null);
        const asNew = to === 'pending' ? { ...(isRead ? { doubt: null } : neverSent), errors: [] } : {};
        outbox.set(key, { ...entry, approved, state: to, settledAt, ...asNew });
        return true;
      }),
    );
  }

  async takeTheirs(keys: readonly string[], at: number): Promise<string[]> {
    return this.move(keys, ['conflict'], 'dropped', at);
  }

  /** No program writes to a mirror in memory. */
  async decideEdits(): Promise<string[]> {
    return [];
  }

  async holdMuch(): Promise<{ heldDeletes: number; heldEdits: number }> {
    return { heldDeletes: 0, heldEdits: 0 };
  }

  async asksForJob(): Promise<boolean> {
    return this.#select(({ state, api }) => state === 'pending' && api === 'bulk', 1).length > 0;
  }

  async openEdits(): Promise<number> {
    return 0;
  }

  async counts(): Promise<Record<OutboxState, number>> {
    return this.#file.read(({ outbox }) => {
      const counts: Record<OutboxState, number> = {
        pending: 0,
        sent: 0,
        'in-doubt': 0,
        rejected: 0,
        held: 0,
        conflict: 0,
        done: 0,
        dropped: 0,
      };
      for (const { state } of outbox.values()) counts[state]++;
      return counts;
    });
  }

  async readBackDue(limit: number): Promise<WrittenEntry[]> {
    const isDue = ({ readBackDue, unshownAt }: MemoryEntry) => readBackDue && unshownAt === null;
    return (await this.#select(isDue, limit)).map(writtenOf);
  }

  async hasUpserts(): Promise<boolean> {
    return this.#file.read(hasUpserts);
  }

  async giving(
    fields: readonly string[],
    contacts: readonly string[],
    before: number,
  ): Promise<GivingEntry[]> {
    return this.#file.read((state) => kept(giving(state, { fields, contacts, before })));
  }

  async openStaging(): Promise<OutboxStaging> {
    return new MemoryStaging(this.#file);
  }

  #select(choose: (entry: MemoryEntry) => boolean, limit: number | undefined): OutboxEntry[] {
    return this.#file.read(({ outbox }) =>
      kept([...outbox.values()].filter(choose).slice(0, limit)).map(entryOf),
    );
  }
}
