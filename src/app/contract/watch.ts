import type { ErrorInfo } from './error-info.ts';
import type { BackfillCompleteEvent, BackfillProgressEvent, BackfillStartEvent } from './progress.ts';

export interface WatchOptions {
  /** Empty: all with sync on. */
  orgs: string[];
  intervalMs: number;
  once: boolean;
  push: boolean;
}

export type WatchEvent =
  | { event: 'watch:start'; orgs: string[]; intervalMs: number; once: boolean; pid: number }
  | CycleCompleteEvent
  | CycleFailedEvent
  | { event: 'cycle:skipped'; instanceUrl: string; error: ErrorInfo; retryInMs: number | null }
  /** The first complete cycle after failed ones. */
  | { event: 'cycle:recovered'; instanceUrl: string; failures: number }
  | BackfillStartEvent
  | BackfillProgressEvent
  | BackfillCompleteEvent
  | { event: 'watch:stop'; reason: 'signal' | 'once'; cycles: number; failed: number };

export interface CycleCompleteEvent {
  event: 'cycle:complete';
  instanceUrl: string;
  upserted: number;
  deleted: number;
  undeleted: number;
  pushed: number;
  coveredUntil: string | null;
  apiCalls: number;
  durationMs: number;
  runId: string;
}

export interface CycleFailedEvent {
  event: 'cycle:failed';
  instanceUrl: string;
  error: ErrorInfo;
  /** null: not tried again before the next login (or with `once`). */
  retryInMs: number | null;
}

/** Where each org stood at the end; decides the exit code of `--once`. */
export interface WatchResult {
  orgs: { instanceUrl: string; error: ErrorInfo | null }[];
}
