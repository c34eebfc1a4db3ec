import type { DoubtNote } from '../../sync/ports/doubt.ts';
import type { Accounted, Outbox, UnshownEntries } from '../../sync/ports/outbox.ts';
import type {
  EditDecision,
  EditRecord,
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
import type { Brake, OutboxStaging } from '../../sync/ports/outbox-staging.ts';
import type { LostWrite, OwnWrite } from '../../sync/ports/own-write.ts';
import { hasUpserts, listGiving } from './giving-records.ts';
import { countOpenEdits, hasUnapprovedEdits } from './hold-much.ts';
import { JoinedWrites } from './joined-writes.ts';
import { lostRequests } from './lost-requests.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import {
  accountedFor,
  countEntries,
  doneOf,
  hasEntryForJob,
  listEntries,
  type OutboxFilter,
  openCreations,
} from './outbox-records.ts';
import { lostWritesOf, ownWritesSince } from './own-writes.ts';
import { countUnshown, listReadBackDue, listUnshownDue, listUnshownOf } from './read-back-records.ts';
import type { SendStep } from './send-step.ts';
import { SqliteStaging } from './sqlite-staging.ts';

export class SqliteOutbox implements Outbox {
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #object: string;
  readonly #sending: JoinedWrites<SendStep, string | null>;
  readonly unshown: UnshownEntries;
  #lostChanges = 0;

  constructor(file: MirrorFile, write: MirrorWrite, object: string) {
    this.#file = file;
    this.#write = write;
    this.#object = object;
    this.#sending = new JoinedWrites((steps) => write('storeSendSteps', steps));
    this.unshown = {
      due: async (before, limit) => file.read((db) => listUnshownDue(db, object, before, limit)),
      of: async (ids) => file.read((db) => listUnshownOf(db, object, ids)),
      records: async () => file.read((db) => countUnshown(db, object)),
    };
  }

  async add(entries: readonly NewOutboxEntry[]): Promise<void> {
    await this.#write('insertEntries', this.#object, entries);
  }

  async list(filter: OutboxFilter = {}): Promise<OutboxEntry[]> {
    return this.#file.read((db) => listEntries(db, this.#object, filter));
  }

  async markSent(
    keys: readonly string[],
    way: SendWay,
    at: number,
    orgAt: number | null = null,
    by: string | null = null,
    job: string | null = null,
  ): Promise<void> {
    const missing = await this.#sending.add({ kind: 'sent', keys, way, at, orgAt, by, job });
    if (missing !== null) throw new Error(`Outbox entry ${missing} is not pending.`);
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    const mayLose = settlements.some(({ state }) => state === 'in-doubt');
    try {
      await this.#sending.add({ kind: 'settled', settlements });
    } finally {
      if (mayLose) this.#lostChanges++;
    }
  }

  async noteDoubts(notes: readonly DoubtNote[]): Promise<void> {
    await this.#write('noteDoubts', notes);
  }

  async accountedFor(ids: readonly string[]): Promise<Accounted> {
    return this.#file.read((db) => accountedFor(db, this.#object, ids));
  }

  async doneOf(ids: readonly string[]): Promise<OutboxEntry[]> {
    return this.#file.read((db) => doneOf(db, this.#object, ids));
  }

  async ownWritesSince(ids: readonly string[], since: number): Promise<OwnWrite[]> {
    return this.#file.read((db) => ownWritesSince(db, this.#object, ids, since));
  }

  async lostWritesOf(ids: readonly string[]): Promise<LostWrite[]> {
    return this.#file.read((db) => lostWritesOf(db, this.#object, ids));
  }

  async openCreations(): Promise<OpenCreation[]> {
    return this.#file.read((db) => openCreations(db, this.#object));
  }

  async lostRequests(): Promise<LostRequest[]> {
    return this.#file.read((db) => lostRequests(db, this.#object));
  }

  async noteLost(notes: readonly LostNote[]): Promise<void> {
    if (notes.length === 0) return;
    try {
      await this.#write('noteLost', notes);
    } finally {
      this.#lostChanges++;
    }
  }

  lostChanges(): number {
    return this.#lostChanges;
  }

  async move(
    keys: readonly string[],
    from: readonly OutboxState[],
    to: OutboxState,
    at: number,
    options: { unsent?: boolean } = {},
  ): Promise<string[]> {
    return this.#write('moveEntries', keys, from, to, at, options);
  }

  async takeTheirs(keys: readonly string[], at: number): Promise<string[]> {
    return this.#write('takeTheirs', keys, at);
  }

  async decideEdits(decisions: readonly EditDecision[], record: EditRecord, at: number): Promise<string[]> {
    if (decisions.length === 0 && record.lines.length === 0) return [];
    return this.#write('decideEdits', decisions, record, at);
  }

  async holdMuch(brake: Brake): Promise<{ heldDeletes: number; heldEdits: number }> {
    const isDue = this.#file.read((db) => hasUnapprovedEdits(db, this.#object));
    return isDue ? this.#write('holdMuch', this.#object, brake) : { heldDeletes: 0, heldEdits: 0 };
  }

  async asksForJob(): Promise<boolean> {
    return this.#file.read((db) => hasEntryForJob(db, this.#object));
  }

  async openEdits(): Promise<number> {
    return this.#file.read(countOpenEdits);
  }

  async counts(): Promise<Record<OutboxState, number>> {
    return this.#file.read((db) => countEntries(db, this.#object));
  }

  async readBackDue(limit: number): Promise<WrittenEntry[]> {
    return this.#file.read((db) => listReadBackDue(db, this.#object, limit));
  }

  async hasUpserts(): Promise<boolean> {
    return this.#file.read((db) => hasUpserts(db, this.#object));
  }

  async giving(
    fields: readonly string[],
    contacts: readonly string[],
    before: number,
  ): Promise<GivingEntry[]> {
    return this.#file.read((db) => listGiving(db, this.#object, { fields, contacts, before }));
  }

  async openStaging(): Promise<OutboxStaging> {
    return new SqliteStaging(this.#file, this.#write, this.#object);
  }
}
