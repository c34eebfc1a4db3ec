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
  finishedAt: number | null;
  counts: Record<string, number>;
  apiCalls: number;
  /** What a resumed run must keep (for a backfill: api, T0, the fields asked for), JSON-able. */
  state: Record<string, unknown>;
  error: RunError | null;
}

/** Each part that is given must hold. */
export interface RunFilter {
  kind?: RunKind;
  status?: RunStatus;
  /** How the run's id begins. */
  prefix?: string;
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

export interface RunOutcome {
  status: Exclude<RunStatus, 'running'>;
  finishedAt: number;
  counts: Record<string, number>;
  apiCalls: number;
  error: RunError | null;
}

export type ChunkState = 'pending' | 'done';

/** A piece of a backfill that can be fetched, resumed and retried alone. */
export interface Chunk {
  id: number;
  runId: string;
  kind: string;
  /** What the chunk is; written once. Only `sync` knows its shape. */
  spec: Record<string, unknown>;
  /** How far it is; null before the first page. */
  position: Record<string, unknown> | null;
  state: ChunkState;
  rows: number;
}

export interface NewChunk {
  kind: string;
  spec: Record<string, unknown>;
}
