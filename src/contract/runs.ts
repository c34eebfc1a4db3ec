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
  finishedAt: string | null;
  counts: Record<string, number>;
  apiCalls: number;
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
}

export interface RunResult {
  run: RunView & { steps: RunStepView[] };
}
