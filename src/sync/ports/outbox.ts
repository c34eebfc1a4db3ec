import type { DoubtNote } from './doubt.ts';
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
} from './outbox-entry.ts';
import type { Brake, OutboxStaging } from './outbox-staging.ts';
import type { LostWrite, OwnWrite } from './own-write.ts';

/** Ids of records that creates have to do with. */
export interface Accounted {
  /** A create has made them. */
  made: string[];
  /** An upsert met them when it was sent again: what it met may be what its earlier try has made. */
  maybe: string[];
}

/** They are few, or none, at most times. */
export interface UnshownEntries {
  /**
   * Those that were asked for before `before` (the org's time, ms since 1970; null: none of them), and those whose record
   * was read by others since they were, or is gone from the mirror. Looks at all of them.
   */
  due(before: number | null, limit: number): Promise<WrittenEntry[]>;
  /** Those of these records. */
  of(ids: readonly string[]): Promise<WrittenEntry[]>;
  /** Of how many records they are. */
  records(): Promise<number>;
}

/**
 * All writes are transactions with `synchronous=FULL`, and on disk when they resolve. `markSent` and `settle` that are
 * asked for at the same time may share one.
 */
export interface Outbox {
  add(entries: readonly NewOutboxEntry[]): Promise<void>;
  /** In the order they were added. */
  list(filter?: {
    states?: readonly OutboxState[];
    keys?: readonly string[];
    /** Only entries whose key begins so. */
    keyPrefix?: string;
    /** Only entries whose `seq` is greater: the next page of a list. */
    after?: number;
    /** Only entries of which a sending may have done something; not with `keys` or `keyPrefix`. */
    maybeSent?: boolean;
    limit?: number;
  }): Promise<OutboxEntry[]>;
  /**
   * pending → sent, attempts + 1, the way stored. Where `sentAt` is null, `at` becomes it, `orgAt` becomes `sentOrgAt`,
   * `by` `sentBy`, and what the mirror holds of the record becomes `knownBefore`. `job`: of the way `bulk`.
   */
  markSent(
    keys: readonly string[],
    way: SendWay,
    at: number,
    orgAt?: number | null,
    by?: string | null,
    job?: string | null,
  ): Promise<void>;
  settle(settlements: readonly Settlement[]): Promise<void>;
  /** Keeps what was learnt of entries that are still in doubt. */
  noteDoubts(notes: readonly DoubtNote[]): Promise<void>;
  /** What creates of this outbox have to do with these records, whatever has become of them since. */
  accountedFor(ids: readonly string[]): Promise<Accounted>;
  /** What is done of these records, by whatever entries, in order. Reads all that is done: for what is seldom asked. */
  doneOf(ids: readonly string[]): Promise<OutboxEntry[]>;
  /**
   * Writes to these records by programs, or by pushes that named them, whose `order` is greater than `since`; in their order.
   * Cheap where few were done since.
   */
  ownWritesSince(ids: readonly string[], since: number): Promise<OwnWrite[]>;
  /** Updates and upserts of these records of which a request had no answer, in order. Cheap where none is. */
  lostWritesOf(ids: readonly string[]): Promise<LostWrite[]>;
  /** Creations that programs have asked for, that were sent, and of which no answer is known; in order. Cheap where none is. */
  openCreations(): Promise<OpenCreation[]>;
  /**
   * Updates, deletes and upserts of which a request may still be carried out, in order: `settle` notes each that goes from
   * `sent` to `in-doubt`. Cheap where none is.
   */
  lostRequests(): Promise<LostRequest[]>;
  noteLost(notes: readonly LostNote[]): Promise<void>;
  /** Grows with each write by this outbox that may add to `lostRequests`, or take from it. */
  lostChanges(): number;
  /**
   * By a person: `retry` turns rejected (and with `inDoubt`, in-doubt) into pending, as if never sent; `drop` gives
   * up. An update, delete or upsert of a push that was in doubt is still one that may have been carried out, so that its contact is read
   * first; not with `unsent`, a person's word that nothing was done.
   */
  move(
    keys: readonly string[],
    from: readonly OutboxState[],
    to: OutboxState,
    at: number,
    options?: { unsent?: boolean },
  ): Promise<string[]>;
  /**
   * By a person: what is in conflict stays as Salesforce has it. What an edit of a program changes besides waits to be sent,
   * and what is given up is an entry of its own then; an entry of which nothing is left is dropped. Returns the keys of those
   * that were in conflict.
   */
  takeTheirs(keys: readonly string[], at: number): Promise<string[]>;
  /**
   * Edits that still wait become what was decided; returns their keys. The others were edited again meanwhile, or given
   * up. What the record tells is stored in the same transaction, for nothing else
   * has the values that are lost.
   */
  decideEdits(decisions: readonly EditDecision[], record: EditRecord, at: number): Promise<string[]>;
  /**
   * Holds the edits and deletes that programs have asked for where these, with all that waits unapproved, are more than
   * the brake lets go. Those behind a refused edit of their contact become one with it, where nothing stands between.
   */
  holdMuch(brake: Brake): Promise<{ heldDeletes: number; heldEdits: number }>;
  /** Whether some entry waits that a person wants to go by an ingest job. */
  asksForJob(): Promise<boolean>;
  /** How many edits of programs are not settled. */
  openEdits(): Promise<number>;
  counts(): Promise<Record<OutboxState, number>>;
  /** Done entries whose record is not in the mirror yet, without those that are noted as not shown. */
  readBackDue(limit: number): Promise<WrittenEntry[]>;
  /** Those that are noted as not shown (`note-unshown`), and whose record is not in the mirror yet. */
  readonly unshown: UnshownEntries;
  /** Whether an upsert waits of which nobody knows yet whose it is. Cheap. */
  hasUpserts(): Promise<boolean>;
  /**
   * Open entries, and done ones that are not read back yet, before the place `before`, that give one of these fields and name
   * one of these contacts, by Id or by the application's key; each once, in order. Without upserts that nobody knows the
   * contacts of.
   */
  giving(fields: readonly string[], contacts: readonly string[], before: number): Promise<GivingEntry[]>;
  /** Takes a push of any size into the outbox; dispose it when its outcome has been told. */
  openStaging(): Promise<OutboxStaging>;
}
