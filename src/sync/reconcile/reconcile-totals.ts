import type { Run } from '../ports/run.ts';

/** What the journal tells of it, in whichever processes it was made. */
export interface ReconcileTotals {
  /** Records of the org whose Id and SystemModstamp were compared. */
  checked: number;
  missing: number;
  stale: number;
  /** Rows that Salesforce does not have any more, the held ones included. */
  ghosts: number;
  held: number;
  /** Of all these, what the mirror has now as the org does. */
  repaired: number;
  /** Rows whose fields without a stamp were other than in the mirror. */
  recalculated: number;
}

/** Of one that has not begun. */
export const noTotals: ReconcileTotals = {
  checked: 0,
  missing: 0,
  stale: 0,
  ghosts: 0,
  held: 0,
  repaired: 0,
  recalculated: 0,
};

/** `compared`: COUNT() and live rows of the mirror at the beginning. Pure. */
export function totalsOf({
  counts,
}: Pick<Run, 'counts'>): ReconcileTotals & { compared: { org: number; mirror: number } } {
  const { orgContacts = 0, mirrorContacts = 0, updated = 0, ...found } = counts;
  const { checked, missing, stale, ghosts, held, repaired } = { ...noTotals, ...found };
  const compared = { org: orgContacts, mirror: mirrorContacts };
  return { compared, checked, missing, stale, ghosts, held, repaired, recalculated: updated };
}
