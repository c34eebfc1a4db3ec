import { lastRuns } from '../sync/last-runs.ts';
import type { Mirror } from '../sync/ports/mirror.ts';
import { parseReconcileState } from '../sync/reconcile/reconcile-state.ts';
import { totalsOf } from '../sync/reconcile/reconcile-totals.ts';

/**
 * As of when the mirror last agreed with its org as a whole, by its last complete reconcile or first copy, the org's time, ms
 * since 1970; 0 where that is not so, or it was given to another user since.
 */
export async function lastAgreed({ journal }: Pick<Mirror, 'journal'>): Promise<number> {
  const known = await journal.reconciledAt();
  if (known !== null) return known;
  // A mirror of a former version does not say it: its first copy does.
  const [copy] = await journal.runs({ ...lastRuns.copy, limit: 1 });
  return copy?.startedAt ?? 0;
}

/** As `lastAgreed`, but null too where what made it so has kept rows that the org does not show: those are no agreement. */
export async function lastAgreedWhole(mirror: Pick<Mirror, 'journal'>): Promise<number | null> {
  const at = await lastAgreed(mirror);
  if (at === 0) return null;
  const [run] = await mirror.journal.runs({ ...lastRuns.reconcile, limit: 1 });
  // A copy that has taken the mirror's place since has none of the rows that were kept.
  if (run === undefined || parseReconcileState(run)?.t0 !== at) return at;
  return totalsOf(run).held === 0 ? at : null;
}
