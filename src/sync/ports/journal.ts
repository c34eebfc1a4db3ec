import type { AskedReconcile, Asking } from './asked-reconcile.ts';
import type { ChunkState, Run, RunFilter, RunKind, RunStep, StoredChunk } from './run.ts';

/** Up to which instant all changes are in the mirror, ms since 1970; null before the first backfill ended. */
export interface Cursors {
  updated: number | null;
  deleted: number | null;
}

/**
 * What was done with an org and how far it is: runs, their steps and chunks, the cursors. Only a new run, and a
 * reconcile that is asked for, are written here; all else is written by the effects of a commit.
 */
export interface Journal {
  cursors(): Promise<Cursors>;
  startRun(kind: RunKind, at: number, state: object): Promise<string>;
  run(runId: string): Promise<Run | null>;
  /** Newest first. */
  runs(filter: RunFilter): Promise<Run[]>;
  steps(runId: string): Promise<RunStep[]>;
  /** In the order in which they were added. */
  chunks(runId: string, state?: ChunkState): Promise<StoredChunk[]>;
  chunk(id: number): Promise<StoredChunk | null>;
  /**
   * What `remember-window` kept last of this list, as it was stored; null where it kept nothing, undefined where it is no
   * JSON.
   */
  knownWindow(of: keyof Cursors): Promise<unknown>;
  /**
   * As of when the mirror last agreed with the org as a whole (first copy or reconcile), the org's time, ms; 0 where it
   * has been given to another user since, null where nothing is known of it.
   */
  reconciledAt(): Promise<number | null>;
  /**
   * Of a row that was last read before this time nobody has heard whether it was deleted until then, ms since 1970; 0 where
   * the cursor tells it of all rows.
   */
  unheardUntil(): Promise<number>;
  /**
   * A reconcile that was asked for of whoever holds the org: this one, or of one kind, or of all the one that is to be made
   * next, else the last that was; null where none was.
   */
  askedReconcile(which?: Partial<Pick<Asking, 'id' | 'dryRun'>>): Promise<AskedReconcile | null>;
  /** Those that are still to be made, in their order. */
  openReconciles(): Promise<AskedReconcile[]>;
  /**
   * Asks for one, unless it is known, or joins one of its kind that is not begun: one under way has compared some of it
   * already. Answers the id of the one that is to be followed. Needs no lease.
   */
  askReconcile(asked: Asking): Promise<string>;
  /** How far that one is; it keeps the force of whoever joined it since. Does nothing where another was asked for since. */
  noteAsked(asked: AskedReconcile): Promise<void>;
}
