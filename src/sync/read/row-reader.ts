import type { SyncContext } from '../context.ts';
import type { PageOutcome } from '../ports/page.ts';

/** What the ways of reading rows have in common. */
export interface RowReader {
  context: SyncContext;
  fields: readonly string[];
  took: (page: PageOutcome) => void;
  signal: AbortSignal;
  /** Some columns only; see PageBody. */
  partial?: boolean;
}
