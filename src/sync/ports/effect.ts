import type { Cursors } from './journal.ts';
import type { NewChunk, RunOutcome, RunStep } from './run.ts';

/** What is committed together with rows, or alone. Those of one commit are carried out in their order. */
export type Effect =
  /** Forward only: a value at or before the stored one changes nothing. */
  | { kind: 'move-cursors'; to: Partial<Cursors> }
  /** Sets both cursors only where the mirror has none. */
  | { kind: 'set-first-cursors'; updated: number; deleted: number }
  | AdvanceChunk
  /** Replaces chunks by others (a split, a finished job's pages, an expired job); the old ones become done. */
  | { kind: 'replace-chunks'; runId: string; ids: readonly number[]; by: readonly NewChunk[] }
  /** Replaces what a resumed run must keep. */
  | { kind: 'save-run-state'; runId: string; state: Record<string, unknown> }
  | { kind: 'add-step'; runId: string; step: RunStep }
  | { kind: 'end-run'; runId: string; outcome: RunOutcome }
  /** These columns now hold the org's values for all rows. */
  | { kind: 'mark-filled'; fields: readonly string[] }
  /** Entries of the outbox whose contacts are in the mirror now. */
  | { kind: 'confirm-read-back'; keys: readonly string[] };

/** Progress of a chunk; the rows of the page are added to its count. */
export interface AdvanceChunk {
  kind: 'advance-chunk';
  id: number;
  /** A value known before the page is read; `'last-key'` takes the page's own last (CreatedDate, Id). */
  position: Record<string, unknown> | 'last-key' | null;
  /**
   * `'done'`, `'pending'`, or for key-paged queries `{ doneBelow: n }`: done when the answer says `done` and
   * holds fewer than n rows.
   */
  state: 'done' | 'pending' | { doneBelow: number };
}
