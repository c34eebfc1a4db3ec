import type { Effect } from '../ports/effect.ts';
import type { BackfillProgress } from './progress.ts';
import type { Turn } from './turn.ts';

/** What is asked for in spans, and what becomes of it. */
export interface SpanPages {
  /** Deleted records too. */
  deleted: boolean;
  /** See PageBody. */
  partial: boolean;
  /** Committed with each page. */
  effects: readonly Effect[];
}

/** All live records with all fields, as rows. */
export const wholeRecords: SpanPages = { deleted: false, partial: false, effects: [] };

/** What the chunks of one turn are read with. */
export interface CopyReading {
  runId: string;
  fields: readonly string[];
  /** Whether describe was asked since the work was begun. */
  isDescribed: boolean;
  pages: SpanPages;
  /** Requests under way at once. */
  concurrency: number;
  progress: BackfillProgress;
  turn: Turn;
  signal: AbortSignal;
}
