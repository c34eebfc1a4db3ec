import type { droppableStates, outboxStates } from './outbox-states.ts';
import type { PushError } from './push.ts';
import type { SendWay } from './send-way.ts';

export type OutboxOp = 'create' | 'update' | 'delete';

/**
 * `pending`: waits to be sent. `sent`: a request carries it. `in-doubt`: its request ended without an answer.
 * `rejected`: Salesforce said no. `held`: too much at once, waits for an approval. `conflict`: waits for a decision.
 * `done`: Salesforce has taken it. `dropped`: it was given up.
 */
export type OutboxState = (typeof outboxStates)[number];

export interface OutboxListOptions {
  org: string | null;
  /** Empty: every open state. */
  states: OutboxState[];
  limit: number;
}

export interface OutboxEntryView {
  key: string;
  instanceUrl: string;
  op: OutboxOp;
  contactKey: string;
  contactId: string | null;
  changes: Record<string, unknown>;
  /** Names of the fields that it sets. */
  fields: string[];
  /** Whose contact it is, from its own changes or else from the mirror. */
  contact: { name: string | null; email: string | null };
  state: OutboxState;
  attempts: number;
  errors: PushError[];
  createdAt: string;
  sentAt: string | null;
  settledAt: string | null;
}

export interface OutboxListResult {
  /** How many match, `limit` aside. */
  total: number;
  /** The entries, the oldest first, as often as asked. What is sent meanwhile changes its state between two batches. */
  batches(): AsyncIterable<readonly OutboxEntryView[]>;
}

/** What is known of an entry in doubt; of a create, where the contacts of the org have to tell of it, with these. */
export interface OutboxDoubt {
  /** Stable word. */
  reason: DoubtReason;
  /** The same as a sentence. */
  message: string;
  /** When the org was last asked; null where it was not, or is to be asked anew. */
  askedAt: string | null;
  /** Contacts that it may have become, the likeliest first; the first ten. */
  candidates: OutboxCandidate[];
  candidatesTotal: number;
}

export type DoubtReason =
  | 'not-covered'
  | 'contacts-unexplained'
  | 'keyed-open'
  | 'job-open'
  | 'other-user'
  | 'sender-unknown'
  | 'creator-hidden'
  | 'too-old'
  | 'group-split'
  | 'too-many'
  | 'repeatable';

export interface OutboxCandidate {
  id: string;
  name: string | null;
  email: string | null;
  createdAt: string;
  /** What has become of it since; null where it lives. */
  gone: 'deleted' | 'merged' | null;
}

/** One entry with all that is known of it. */
export interface OutboxEntryDetails extends OutboxEntryView {
  /** What Salesforce had in these fields when they were edited; null where that was not asked. */
  base: Record<string, unknown> | null;
  /** What it had in them when the last conflict was found; null where there was none, or no contact. */
  found: Record<string, unknown> | null;
  way: SendWay | null;
  /** By what it is to go, where its push has said so; null: as the number suggests. */
  api: 'collections' | 'bulk' | null;
  upsertField: string | null;
  allowDuplicates: boolean;
  /** Null where it is in no such doubt, or the org was not asked yet. */
  doubt: OutboxDoubt | null;
  /** Key of the entry whose request got no answer, may still be carried out, and is waited for; null where none is. */
  waitsForRequestOf: string | null;
  /** Earlier entries of the contact that somebody has to decide about first; empty where none is waited for. */
  waitsFor: OutboxWait[];
}

/** A contact as Salesforce has it now. */
export interface LiveContact {
  id: string | null;
  /** In the Recycle Bin, purged, or not shown to this user; or there is none. */
  isGone: boolean;
  /** The fields that the entry sets, as the API gives them. */
  values: Record<string, unknown>;
}

export interface OutboxShowResult {
  entry: OutboxEntryDetails;
  /** What Salesforce has of its contact, or of its candidates; null where it was not asked. */
  salesforce: { askedAt: string; contacts: LiveContact[] } | null;
}

export interface OutboxSettleOptions {
  org: string | null;
  /** Keys or unambiguous prefixes; none with `auto`: every entry in doubt. */
  keys: string[];
  /** One of the three: it became the contact of this Id; it never reached Salesforce; the org is asked once more. */
  as: string | null;
  notSent: boolean;
  auto: boolean;
}

/** Another entry that has to be settled or decided first. */
export interface OutboxWait {
  key: string;
  state: OutboxState;
}

export interface OutboxSettleResult {
  instanceUrl: string;
  /** Entries that are in doubt or waited for no more, as they are now. */
  settled: OutboxEntryView[];
  /** Of those that were asked about, the ones that still are. */
  inDoubt: (OutboxEntryView & { doubt: OutboxDoubt | null })[];
  /** With `notSent`: what goes with them or not at all, and keeps them waiting. */
  waitsFor: OutboxWait[];
  /** With `notSent`: keys of those whose request without an answer was waited for until now. */
  released: string[];
}

export interface OutboxShowOptions {
  org: string | null;
  /** Key or unambiguous prefix. */
  key: string;
  /** Asks the org what it has now. */
  live?: boolean;
}

export interface OutboxMoveOptions {
  org: string | null;
  /** Keys or unambiguous prefixes; empty with `all`. */
  keys: string[];
  all: boolean;
  /** Those in doubt too. */
  inDoubt: boolean;
  /** Of `retry`: decides conflicts, and moves nothing else: our change is sent again, or Salesforce's stays. */
  take?: 'local' | 'salesforce' | null;
}

/** What nobody sends before somebody says so, or that waits to be sent: all of it can be given up at once. */
export type DroppableState = (typeof droppableStates)[number];

export interface OutboxDropOptions extends OutboxMoveOptions {
  /** With `all`: every entry in these states. None: every refused one. */
  states?: DroppableState[];
}

export interface OutboxDropResult extends OutboxMoveResult {
  /** With `all`: what can be given up too and was left, by its state. */
  left: { state: DroppableState | 'in-doubt'; entries: number }[];
}

export interface OutboxMoveResult {
  instanceUrl: string;
  /** Keys of the entries that were moved. */
  keys: string[];
  /** What goes with the named ones or not at all, and keeps them waiting. */
  waitsFor: OutboxWait[];
}
