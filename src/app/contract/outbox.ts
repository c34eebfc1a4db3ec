import type { OutboxOp, OutboxState } from '../../sync/ports/outbox.ts';
import type { PushError } from './push.ts';

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
  state: OutboxState;
  attempts: number;
  errors: PushError[];
  createdAt: string;
  sentAt: string | null;
  settledAt: string | null;
}

export interface OutboxListResult {
  entries: OutboxEntryView[];
  /** How many match, `limit` aside. */
  total: number;
}

export interface OutboxMoveOptions {
  org: string | null;
  /** Keys or unambiguous prefixes; empty with `all`. */
  keys: string[];
  all: boolean;
  inDoubt: boolean;
}

export interface OutboxMoveResult {
  instanceUrl: string;
  /** Keys of the entries that were moved. */
  keys: string[];
}
