import type { outboxStates } from './outbox-states.ts';
import type { PushError } from './push.ts';

export type OutboxOp = 'create' | 'update' | 'delete';

/**
 * `pending`: waits to be sent. `sent`: a request carries it. `in-doubt`: its request ended without an answer.
 * `rejected`: Salesforce said no. `held`: too much at once, waits for an approval. `conflict`: waits for a decision.
 * `done`: Salesforce has taken it. `dropped`: it was given up.
 */
export type OutboxState = (typeof outboxStates)[number];

/** How an entry is sent; decided before its first sending. */
export type SendWay = 'ui-api' | 'collection' | 'upsert';

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

/** One entry with all that is known of it. */
export interface OutboxEntryDetails extends OutboxEntryView {
  /** What Salesforce had in these fields when it was made; null where that was not asked. */
  base: Record<string, unknown> | null;
  way: SendWay | null;
  upsertField: string | null;
  allowDuplicates: boolean;
}

export interface OutboxShowOptions {
  org: string | null;
  /** Key or unambiguous prefix. */
  key: string;
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

export interface OutboxMoveResult {
  instanceUrl: string;
  /** Keys of the entries that were moved. */
  keys: string[];
}
