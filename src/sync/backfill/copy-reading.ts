import type { BackfillProgress } from './progress.ts';
import type { Turn } from './turn.ts';

/** What the chunks of one turn are read with. */
export interface CopyReading {
  runId: string;
  fields: readonly string[];
  /** Requests under way at once. */
  concurrency: number;
  progress: BackfillProgress;
  turn: Turn;
  signal: AbortSignal;
}
