import type { ErrorInfo } from './error-info.ts';

export type RunKind = 'backfill' | 'cycle' | 'push' | 'reconcile';
export type RunStatus = 'running' | 'complete' | 'failed' | 'interrupted';

/** Why a run failed, as it was recorded. */
export interface RunError {
  code: string;
  message: string;
  hint: string | null;
}

export interface RunView {
  id: string;
  kind: RunKind;
  instanceUrl: string;
  status: RunStatus;
  startedAt: string;
  /** Null while it is under way, and where its process was killed. */
  finishedAt: string | null;
  counts: Record<string, number>;
  /** Null where its process was killed: what it sent last is written down nowhere. */
  apiCalls: number | null;
  error: RunError | null;
}

export interface RunStepView {
  name: string;
  startedAt: string;
  finishedAt: string;
  counts: Record<string, number>;
  note: string | null;
}

export interface RunsResult {
  /** Newest first. */
  runs: RunView[];
  /** Orgs of several whose runs could not be read, and why. */
  unread: { instanceUrl: string; error: ErrorInfo }[];
}

export interface RunResult {
  run: RunView & { steps: RunStepView[] };
}
