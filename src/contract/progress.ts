import type { ReconcileCause, ReconcileEnd } from './reconcile-totals.ts';

/** Progress of work that takes a while, for a spinner or plain lines. */
export type ProgressEvent =
  | BackfillStartEvent
  | BackfillProgressEvent
  | BackfillCompleteEvent
  | ReconcileStartEvent
  | ReconcileProgressEvent
  | ReconcileCompleteEvent
  | OrgWaitingEvent
  | PushWaitingEvent
  | ReconcileLeftEvent
  | PushProgressEvent;

export interface BackfillStartEvent {
  event: 'backfill:start';
  instanceUrl: string;
  api: 'rest' | 'bulk';
  /** Why this API, for people. */
  reason: string;
  /** COUNT() before the first page; null where it is not known. */
  expected: number | null;
  resumed: boolean;
  runId: string;
}

/** Sent after each stored page, not throttled. */
export interface BackfillProgressEvent {
  event: 'backfill:progress';
  instanceUrl: string;
  /** Rows stored by this run, those before a resume included. */
  contacts: number;
  expected: number | null;
  contactsPerSecond: number | null;
  remainingMs: number | null;
  apiCalls: number;
  chunksDone: number;
  chunks: number;
}

export interface BackfillCompleteEvent {
  event: 'backfill:complete';
  instanceUrl: string;
  contacts: number;
  durationMs: number;
  apiCalls: number;
  runId: string;
}

export interface ReconcileStartEvent {
  event: 'reconcile:start';
  instanceUrl: string;
  cause: ReconcileCause;
  /** The same for people. */
  reason: string;
  api: 'rest' | 'bulk';
  /** COUNT() of the org. */
  expected: number;
  resumed: boolean;
  dryRun: boolean;
  runId: string;
}

/** Sent after each compared page, not throttled. */
export interface ReconcileProgressEvent extends Omit<BackfillProgressEvent, 'event'> {
  /** `contacts`: compared so far, those before a resume included. */
  event: 'reconcile:progress';
}

export interface ReconcileCompleteEvent extends ReconcileEnd {
  event: 'reconcile:complete';
  instanceUrl: string;
}

/** A watch has the org: the reconcile is left to it, which takes it up soon. */
export interface ReconcileLeftEvent {
  event: 'reconcile:left';
  instanceUrl: string;
}

/** A watch has the org, whose sync is off: it is waited for, as it lets go of it soon. */
export interface OrgWaitingEvent {
  event: 'org:waiting';
  instanceUrl: string;
}

/** Another process sends for this org; the push waits for its turn. */
export interface PushWaitingEvent {
  event: 'push:waiting';
  instanceUrl: string;
}

/** Sent after each request that settled something. */
export interface PushProgressEvent {
  event: 'push:progress';
  instanceUrl: string;
  /** Records of this push with a final status so far, of `total`. */
  settled: number;
  total: number;
  /** Entries of former pushes and edits that were settled on the way: the outbox goes in its order. */
  older: number;
}
