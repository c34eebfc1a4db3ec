import type { NewOutboxEntry, OutboxEntry, OutboxOp, OutboxState, SendApi } from './outbox-entry.ts';
import type { RecordError } from './record-writes.ts';

/** Where a record stands in the input. */
export interface InputPlace {
  /** File name, `-` for standard input. */
  source: string;
  /** Place of the record within its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
}

export interface StagingFault {
  field: string | null;
  /** Stable upper-case word. */
  code: string;
  message: string;
}

/** A checked record on its way into the outbox. */
export interface StagingRecord extends InputPlace {
  entry: Omit<NewOutboxEntry, 'state'>;
  /** What no other record of the input may have too, in one form for all that Salesforce takes for equal. */
  uniqueValue: string | null;
  faults: readonly StagingFault[];
  /** The record as it was given; null where nobody will ask for it. */
  given: Record<string, unknown> | null;
  /**
   * Of its changes, by field, the values that Salesforce takes for the same as others, in one form for all of these; null
   * where each value is in that form.
   */
  alike: Readonly<Record<string, string>> | null;
  /** Key of the refused entry in whose place it is pushed; null where it names none. One that the outbox does not know is none. */
  replaces: string | null;
}

/** What an entry has become. */
export interface StagingOutcome {
  op: OutboxOp;
  state: OutboxState;
  contactId: string | null;
  created: boolean | null;
  errors: RecordError[];
}

export interface StagingItem extends InputPlace {
  key: string;
  /** Null before the commit, and where the outbox has lost the entry. */
  outcome: StagingOutcome | null;
}

export interface OutcomeTally {
  op: OutboxOp;
  state: OutboxState | null;
  created: boolean | null;
  records: number;
}

export interface StagingReject extends InputPlace {
  given: Record<string, unknown>;
  errors: RecordError[];
  /** Key of its entry; of a record that did not become one, of the entry that it was to replace, or null. */
  key: string | null;
}

/** Faults of one kind in one column. */
export interface FaultGroup extends InputPlace, StagingFault {
  /** Records that have it; place and message are the first one's. */
  records: number;
}

export interface StagingCounts {
  records: number;
  creates: number;
  updates: number;
  deletes: number;
  upserts: number;
  faults: number;
  /** Records that have a fault. */
  faulty: number;
}

/** Entries beyond these, all open ones that nobody has approved taken together, are held. */
export interface Brake {
  deletes: number;
  /** Edits may be as many as the larger of the two allows. */
  edits: number;
  editsShare: number;
}

/** What else a push says of its records, the same for all of them. */
export interface PushFlags {
  allowDuplicates: boolean;
  allOrNone: boolean;
  upsertField: string | null;
}

/** The same records, of which some have no end yet or were made and nobody was told, pushed with other flags. */
export interface UnlikePush {
  flags: PushFlags;
  /** ms. */
  begunAt: number;
  /** How many of its entries wait, for Salesforce or for a person. */
  waiting: number;
  /** How many of these may have been carried out already. */
  inDoubt: number;
}

export interface StagingCommit {
  heldDeletes: number;
  heldEdits: number;
  /** When the equal push that did not end was begun, ms; its entries are these records'. Null: the records are new. */
  resumedFrom: number | null;
  /** How many of its entries still waited, for Salesforce or for a person; 0 where the records are new. */
  resumedOpen: number;
  /** Of the records of that push, the changes that are asked for anew: others of their contacts had come behind them. */
  renewed: number;
  /** Of the other changes of that push, those whose contacts others came to change behind them: what came later stays. */
  overtaken: number;
  /** Refused entries that were dropped, because a record took their place. */
  replaced: number;
  /** In whose stead nothing is stored: beside it the records would be sent twice. Null: there is none. */
  unlike: UnlikePush | null;
}

/** What became of a commit: `refused` counts records that name an entry whose place they cannot take; nothing is stored then. */
export interface CommitOutcome extends StagingCommit {
  refused: number;
}

/** What a commit would make of the records; nothing is stored of it. */
export interface StagingDraft extends StagingCommit {
  /**
   * The new entries as they would stand in the outbox, behind all that are there, `seq` rising; none where an equal push
   * would be gone on with, but those of changes that are asked for anew.
   */
  list(page: { after: number; limit: number }): Promise<OutboxEntry[]>;
  /** Which of these entries of the outbox are those of that equal push. */
  ownOf(keys: readonly string[]): Promise<string[]>;
}

/** Which former push an equal one goes on with. */
export interface Resumption {
  /** The clock, ms. */
  now: number;
  /** A push last tried before this, ms, is not gone on with; null: none is. */
  since: number | null;
}

/**
 * The records of one push on their way into the outbox: in a file of this process alone, so that input of any
 * length and slowness holds no lock and little memory, and nobody sees any of it before all of it is there. What a
 * killed process leaves behind is removed by the next one.
 */
export interface OutboxStaging extends AsyncDisposable {
  add(records: readonly StagingRecord[]): Promise<void>;
  /** The records without an Id of sources in which others have one get this fault. */
  refuseMixed(fault: StagingFault): Promise<void>;
  /**
   * All but the first of the records with one `uniqueValue` get this fault. Two `%s` in its message are the value that the
   * record has in the fault's field, and the place of the first one as `FILE, line N, record N`.
   */
  refuseRepeated(fault: StagingFault): Promise<void>;
  /**
   * The records that name an entry of the outbox which is refused no more, or which another record has named before, get a
   * fault of the field `_entry`; none where an equal push would be gone on with.
   */
  refuseReplaced(resumption: Resumption): Promise<void>;
  /** Takes the faults of this code back that records of `source` have: its rest has shown that they are none. */
  withdraw(source: string, code: string): Promise<void>;
  counts(): Promise<StagingCounts>;
  /** The first groups in the order of the input, and how many there are. */
  faultGroups(limit: number): Promise<{ groups: FaultGroup[]; total: number }>;
  /** In the order of the input, in pages. */
  faults(): AsyncIterable<readonly (InputPlace & StagingFault)[]>;
  /**
   * One transaction with `synchronous=FULL`: all records become entries of the outbox, and the refused entries that they
   * name are dropped. Where the same records were committed before and that push has not ended, its entries take their
   * place; where they wait with other flags (`unlike`), nothing is stored. `api`: by what those that no request may have
   * carried yet are to go. Where an entry that a record names is refused no more, nothing is stored, and the record has
   * the fault.
   */
  commit(brake: Brake, resumption: Resumption, api?: SendApi | null): Promise<CommitOutcome>;
  /** What `commit` would do now. */
  draft(brake: Brake, resumption: Resumption, api?: SendApi | null): Promise<StagingDraft>;
  /**
   * Whoever pushed has been told the end of it: the same records are new ones from now on; where it was only `queued`, once
   * none of its entries waits any more. Where some were refused and are let out again, they are the same ones while one of
   * them waits. After the commit.
   */
  end(how: { queued: boolean }): Promise<void>;
  /** How many of these keys of the outbox are of this push's entries. After the commit. */
  countOwn(keys: readonly string[]): Promise<number>;
  /**
   * How many records have come to what; `state` null: the outbox has lost the entry. After a draft, as `items`, what they
   * have come to in the equal push that would be gone on with.
   */
  tally(): Promise<OutcomeTally[]>;
  /** In the order of the input, in pages; before the commit without outcomes. */
  items(): AsyncIterable<readonly StagingItem[]>;
  /** Records with a fault, or that Salesforce refused, as they were given; `given` must have been kept. */
  rejects(): AsyncIterable<readonly StagingReject[]>;
}
