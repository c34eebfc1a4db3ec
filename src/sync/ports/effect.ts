import type { Cursors } from './journal.ts';
import type { NewStoredChunk, RunDelta, RunFilter, RunOutcome, RunStep } from './run.ts';
import type { SweptMark } from './sweep.ts';

/** What is committed together with rows, or alone. Those of one commit are carried out in their order. */
export type Effect =
  /** Forward only: a value at or before the stored one changes nothing. */
  | { kind: 'move-cursors'; to: Partial<Cursors> }
  /**
   * Sets both cursors only where the mirror has none. `userId`: as whom the rows were read, where that is known; a mirror
   * that has become another user's since does not agree with what that one sees. `unheardUntil`: as of a reconcile.
   */
  | {
      kind: 'set-first-cursors';
      updated: number;
      deleted: number;
      userId?: string;
      unheardUntil?: number;
    }
  /** What a cycle has read of a window whose coverage stands still; null forgets it. */
  | { kind: 'remember-window'; of: keyof Cursors; window: object | null }
  /** Carried out only where the page they come with lacks no row that was asked for by its Id. */
  | { kind: 'where-all-found'; effects: readonly Effect[] }
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
  /**
   * Forgets runs that began before `before` (ms since 1970), with their steps and chunks: the oldest first, some at a
   * time. Those under way stay, and the run `but`; a push that was killed says for ever that it is under way. Of each of
   * `newestOf` the newest run stays with its steps; of its chunks nothing is left to do.
   */
  | { kind: 'forget-runs'; before: number; now: number; but: string; newestOf: readonly RunFilter[] }
  /** These columns now hold the org's values for all rows. */
  /** `at`: the org's time before the first of them was read, ms since 1970. */
  | { kind: 'mark-filled'; fields: readonly string[]; at: number }
  /** Entries of the outbox whose records are in the mirror now. */
  | { kind: 'confirm-read-back'; keys: readonly string[] }
  /**
   * The org does not show the records of these entries, and too many at once are missing to believe that they are gone. `at`:
   * the org's time when they were asked for, ms since 1970.
   */
  | { kind: 'note-unshown'; keys: readonly string[]; at: number }
  /** Forgets what an earlier sweep has found. */
  | { kind: 'begin-sweep' }
  /**
   * Compares Id, SystemModstamp and IsDeleted of the commit's page with the mirror, and keeps what it has come to. The
   * page must be `partial`: its rows become no rows of the mirror. `mends`: a greater stamp than the org has, of values
   * that were read before the page was asked for, is forgotten, so that any reading replaces them.
   */
  | { kind: 'note-swept'; mends: boolean }
  /**
   * All pages are in: live rows that were last read before `before` (ms since 1970) and that none of them had are
   * `absent`. Adds `checked`, `missing`, `stale` and `candidates` to the run's counts and sets `swept` in its state;
   * nothing happens where that is set.
   */
  | { kind: 'close-sweep'; runId: string; before: number }
  /**
   * Of rows that were live when they were found `absent` or `unknown`, and are gone from the mirror since, nothing is left
   * to be done; one that is hidden since is looked at as `hidden`.
   */
  | { kind: 'settle-swept' }
  /** Those that are settled and are in the mirror now as the org has them are added to the run's `repaired`. */
  | { kind: 'mark-swept'; runId: string; marks: readonly SweptMark[] }
  /** The end of a reconcile: the mirror agrees with the org as of `t0`. */
  | CompleteReconcile
  /**
   * The org has once told a wrong time: whatever a row is said to be read or proven at that lies behind `after` counts
   * as of `at`, so that a read from now on is later; values count as read at no known time, for a sweep to have them read
   * again. Cursors stay, for what they have missed is not read yet.
   */
  | { kind: 'mend-future'; after: number; at: number };

export interface CompleteReconcile {
  kind: 'complete-reconcile';
  /** Both cursors move there, forward only, ms since 1970. */
  t0: number;
  /** A cursor behind this time is one that the org has not reached: it is set to `t0`. */
  beyond: number;
  /** Whether rows were held that the org did not show: what it would have filled stays to be filled then. */
  isHolding: boolean;
  /**
   * The list of deletions did not go back to where the cursor was: before this time (ms since 1970) a row that is held may
   * have been deleted unheard. 0 where it did; forgotten where nothing is held.
   */
  unheardUntil: number;
  /** As whom it was read. A mirror that has become another user's since is not compared for that one. */
  userId: string;
}

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
