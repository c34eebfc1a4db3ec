import type { Mirror } from '../sync/ports/mirror.ts';

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
