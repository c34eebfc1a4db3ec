import type { ErrorInfo } from './error-info.ts';
import type {
  BackfillCompleteEvent,
  BackfillProgressEvent,
  BackfillStartEvent,
  ReconcileCompleteEvent,
  ReconcileProgressEvent,
  ReconcileStartEvent,
} from './progress.ts';
import type { EntriesBehind } from './push.ts';

export interface WatchOptions {
  /** Empty: all with sync on. */
  orgs: string[];
  intervalMs: number;
  once: boolean;
  push: boolean;
  /** Between two comparisons of a whole mirror with its org that nothing else has led to; null: none is made. */
  reconcileEveryMs: number | null;
}

export type WatchEvent =
  | { event: 'watch:start'; orgs: string[]; intervalMs: number; once: boolean; pid: number }
  | CycleCompleteEvent
  | CycleFailedEvent
  | PushCompleteEvent
  | { event: 'cycle:skipped'; instanceUrl: string; error: ErrorInfo; retryInMs: number | null }
  /** The first complete cycle after failed ones. */
  | { event: 'cycle:recovered'; instanceUrl: string; failures: number; lastedMs: number }
  /** This tool's share of the org's API requests would not last at the interval that was asked for. Told once each time. */
  | { event: 'interval:stretched'; instanceUrl: string; intervalMs: number; stretchedMs: number }
  | { event: 'interval:restored'; instanceUrl: string; intervalMs: number }
  /** It was logged in, or its sync enabled, while the watch runs. */
  | { event: 'org:added'; instanceUrl: string; alias: string | null }
  /** It was logged out, or its sync disabled. */
  | { event: 'org:removed'; instanceUrl: string }
  | { event: 'org:renamed'; instanceUrl: string; alias: string | null }
  /** The machine or the process has stood still; all orgs that waited have their turn now. */
  | { event: 'watch:resumed'; suspendedMs: number }
  | BackfillStartEvent
  | BackfillProgressEvent
  | BackfillCompleteEvent
  | ReconcileStartEvent
  | ReconcileProgressEvent
  | ReconcileCompleteEvent
  /** One that was due by the timetable, or was asked for: that one has to be asked for again, `retryInMs` is null. Cycles go on. */
  | { event: 'reconcile:failed'; instanceUrl: string; error: ErrorInfo; retryInMs: number | null }
  | {
      event: 'watch:stop';
      reason: 'signal' | 'once' | 'busy' | 'login';
      cycles: number;
      failed: number;
      skipped: number;
    };

export interface CycleCompleteEvent {
  event: 'cycle:complete';
  instanceUrl: string;
  upserted: number;
  deleted: number;
  undeleted: number;
  /** Entries of the outbox that this cycle sent and Salesforce took. */
  pushed: number;
  /** Refused, left in doubt or found in conflict by this cycle. */
  rejected: number;
  inDoubt: number;
  conflicts: number;
  /** Entries that this cycle has held, as they are much at once; they wait for `outbox approve`. */
  held: number;
  /** Entries that this cycle was to send and that still wait. */
  unsent: number;
  /** Those of them that wait for nothing but an earlier entry of their contact, by what that one is. */
  behind: EntriesBehind;
  /** Entries in doubt when the sending has ended, by this cycle or an earlier one; 0 where nothing was to be sent. */
  doubts: number;
  /** Why they still wait. */
  pushError: ErrorInfo | null;
  /** What the outbox holds after the cycle. */
  outbox: { pending: number; rejected: number; inDoubt: number; held: number; conflicts: number };
  coveredUntil: string | null;
  apiCalls: number;
  durationMs: number;
  runId: string;
}

/** What waited in the outbox was sent between two cycles, or by one whose pull has failed: its `runId` then. */
export type PushCompleteEvent = { event: 'push:complete' } & Omit<
  CycleCompleteEvent,
  'event' | 'upserted' | 'deleted' | 'undeleted' | 'coveredUntil'
>;

export interface CycleFailedEvent {
  event: 'cycle:failed';
  instanceUrl: string;
  error: ErrorInfo;
  /** null: not tried again before the next login (or with `once`). */
  retryInMs: number | null;
  /** In a row, with this one. */
  failures: number;
  /** The watch ends with it: the access token of the environment is taken no more, and no login brings it another. */
  endsWatch: boolean;
}

/**
 * What the last cycle or push that told of it did not get through to Salesforce; with `once` all of them together have
 * refused, found in conflict or held what is told so.
 */
export interface WatchedPush {
  rejected: number;
  /** Still in doubt, by whichever cycle or push. */
  inDoubt: number;
  conflicts: number;
  held: number;
  unsent: number;
  behind: EntriesBehind;
  error: ErrorInfo | null;
}

/** Where each org stood at the end; decides the exit code of `--once`. */
export interface WatchResult {
  orgs: { instanceUrl: string; error: ErrorInfo | null; push?: WatchedPush | null }[];
}
