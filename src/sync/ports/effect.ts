import type { Cursors } from './journal.ts';
import type { NewStoredChunk, RunDelta, RunOutcome, RunStep } from './run.ts';

/** What is committed together with rows, or alone. Those of one commit are carried out in their order. */
export type Effect =
  /** Forward only: a value at or before the stored one changes nothing. */
  | { kind: 'move-cursors'; to: Partial<Cursors> }
  /** Sets both cursors only where the mirror has none. */
  | { kind: 'set-first-cursors'; updated: number; deleted: number }
  /** What a cycle has read of a window whose coverage stands still; null forgets it. */
  | { kind: 'remember-window'; window: object | null }
  | AdvanceChunk
  /**
   * Replaces chunks by others (a split, a finished job's pages, an expired job); the old ones become done. Nothing
   * happens where the first of `ids` is done already: somebody else has replaced it.
   */
  | { kind: 'replace-chunks'; runId: string; ids: readonly number[]; by: readonly NewStoredChunk[] }
  /** Sets these keys of what a resumed run must keep, and leaves the others as they are. */
  | { kind: 'patch-run-state'; runId: string; patch: object }
  /** Added to what the run has: several processes may count for one run. */
  | { kind: 'count-run'; runId: string; delta: RunDelta }
  | { kind: 'add-step'; runId: string; step: RunStep }
  /** Under way again, after it was interrupted or failed. One that is complete stays so. */
  | { kind: 'resume-run'; runId: string }
  /** Counts and calls of the outcome are added to what the run has. */
  | { kind: 'end-run'; runId: string; outcome: RunOutcome }
  /** These columns now hold the org's values for all rows. */
  | { kind: 'mark-filled'; fields: readonly string[] }
  /** Entries of the outbox whose records are in the mirror now. */
  | { kind: 'confirm-read-back'; keys: readonly string[] };

/**
 * Progress of a chunk. The page's rows are added to its count, and what the page did to its run's counts (`rows`,
 * `inserted`, `updated`, `unchanged`). Where the chunk is no more as `from` has it, somebody else has gone on with it:
 * it is left alone, `chunkDone` is null, and of the page only what it changed is counted.
 */
export interface AdvanceChunk {
  kind: 'advance-chunk';
  id: number;
  from: ChunkPlace;
  /** A value known before the page is read; `'last-key'` takes the page's own last (CreatedDate, Id). */
  position: object | 'last-key' | null;
  /**
   * `'done'`, `'pending'`, or for key-paged queries `{ doneBelow: n }`: done when the answer says `done` and
   * holds fewer than n rows.
   */
  state: 'done' | 'pending' | { doneBelow: number };
}

/** Where a chunk stands, as far as two who work on it must agree. */
export interface ChunkPlace {
  rows: number;
  /** Whether it has a position. */
  isBegun: boolean;
}
