import type { Mirror } from '../sync/ports/mirror.ts';
import { parseReconcileState } from '../sync/reconcile/reconcile-state.ts';
import { totalsOf } from '../sync/reconcile/reconcile-totals.ts';
import { lastReconciles } from './last-reconciles.ts';

/**
 * As of when the mirror last agreed with its org as a whole, by its last complete reconcile or first copy, the org's time, ms
 * since 1970; 0 where that is not so, or it was given to another user since.
 */
export async function lastAgreed({ journal }: Pick<Mirror, 'journal'>): Promise<number> {
  const known = await journal.reconciledAt();
  if (known !== null) return known;
  // A mirror of a former version does not say it: its first copy does.
  const [copy] = await journal.runs({ kind: 'backfill', status: 'complete', limit: 1 });
  return copy?.startedAt ?? 0;
}

/** As `lastAgreed`, but null too where what made it so has kept rows that the org does not show: those are no agreement. */
export async function lastAgreedWhole(mirror: Pick<Mirror, 'journal'>): Promise<number | null> {
  const at = await lastAgreed(mirror);
  if (at === 0) return null;
  const runs = await lastReconciles(mirror.journal);
  const run = runs.find((of) => parseReconcileState(of)?.t0 === at);
  return run === undefined || totalsOf(run).held === 0 ? at : null;
}
