export type RunKind = 'backfill' | 'cycle' | 'push' | 'reconcile';
export type RunStatus = 'running' | 'complete' | 'failed' | 'interrupted';

export interface RunError {
  code: string;
  message: string;
  hint: string | null;
}

/** One execution of backfill, a watch cycle, push or reconcile, as recorded in the mirror. */
export interface Run {
  /** UUID. */
  id: string;
  kind: RunKind;
  status: RunStatus;
  startedAt: number;
  /** Null while it is under way, and of one that is `interrupted` where its process was killed: nobody knows when. */
  finishedAt: number | null;
  counts: Record<string, number>;
  apiCalls: number;
  /** What a resumed run must keep, as it was stored; undefined where that is no JSON. Whoever wrote it knows its shape. */
  state: unknown;
  error: RunError | null;
}

/** Each part that is given must hold. */
export interface RunFilter {
  kind?: RunKind;
  status?: RunStatus;
  /** How the run's id begins. */
  prefix?: string;
  /** A key of its state: where that is true, the run is left out. */
  unless?: string;
  limit?: number;
}

export interface RunStep {
  name: string;
  startedAt: number;
  finishedAt: number;
  counts: Record<string, number>;
  /** A sentence for people: what was decided, and why. */
  note: string | null;
}

/** What work has added to a run since that was stored last. */
export interface RunDelta {
  counts: Record<string, number>;
  apiCalls: number;
}

export interface RunOutcome extends RunDelta {
  status: Exclude<RunStatus, 'running'>;
  /** Null where its process was killed. */
  finishedAt: number | null;
  error: RunError | null;
}

export type ChunkState = 'pending' | 'done';

/** A piece of a backfill that can be fetched, resumed and retried alone, as it was stored. */
export interface StoredChunk {
  id: number;
  runId: string;
  kind: string;
  /** What the chunk is; written once. Only whoever wrote it knows its shape; undefined where it is no JSON. */
  spec: unknown;
  /** How far it is; null before it was begun, undefined where it is no JSON. */
  position: unknown;
  state: ChunkState;
  rows: number;
}

export interface NewStoredChunk {
  kind: string;
  spec: object;
}
