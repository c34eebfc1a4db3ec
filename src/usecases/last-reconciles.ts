import type { Journal } from '../sync/ports/journal.ts';
import type { Run } from '../sync/ports/run.ts';
import { parseReconcileState } from '../sync/reconcile/reconcile-state.ts';

/** Dry runs may have come to their ends since the one that is looked for. */
const runsLookedAt = 50;

/** The last complete reconciles that were no dry runs, which say what would be and leave the mirror as it is; the last first. */
export async function lastReconciles(journal: Pick<Journal, 'runs'>): Promise<Run[]> {
  const runs = await journal.runs({ kind: 'reconcile', status: 'complete', limit: runsLookedAt });
  return runs.filter((run) => !parseReconcileState(run)?.dryRun);
}
