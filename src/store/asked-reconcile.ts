import type { AskedReconcile, Asking } from '../sync/ports/asked-reconcile.ts';

/** At most one of each kind, that only tells and that repairs, in the order in which they were asked for. */
export type AskedReconciles = readonly AskedReconcile[];

/** Of one kind; of either where none is named: the first that is still to be made, else the last that was. Pure. */
export function askedOf(all: AskedReconciles, kind?: Pick<Asking, 'dryRun'>): AskedReconcile | null {
  if (kind !== undefined) return all.find(({ dryRun }) => dryRun === kind.dryRun) ?? null;
  return all.find(({ state }) => state !== 'ended') ?? all.at(-1) ?? null;
}

/**
 * One of its kind that is still to be made is joined: it keeps its id and its place, and the brake is lifted where either
 * wants that. One of the other kind is made first where it was asked for first. Pure.
 */
export function joined(all: AskedReconciles, asked: Asking): AskedReconciles {
  const known = askedOf(all, asked);
  const made = { ...asked, state: 'waiting', runId: null, ids: null, error: null } as const;
  if (known === null || known.state === 'ended') return [...all.filter((one) => one !== known), made];
  const isBraked = asked.force && !known.force && known.state !== 'waiting';
  const now = isBraked ? made : { ...known, force: known.force || asked.force };
  return all.map((one) => (one === known ? now : one));
}

/** With the force of whoever has joined since `asked` was read; as it was where another was asked for since. Pure. */
export function noted(all: AskedReconciles, asked: AskedReconcile): AskedReconciles {
  return all.map((one) => (one.id === asked.id ? { ...asked, force: one.force || asked.force } : one));
}

/** What was stored of them, whoever wrote it, without what is none. Pure. */
export function askedReconcilesOf(stored: unknown): AskedReconciles {
  return (Array.isArray(stored) ? stored : [stored]).map(askedReconcileOf).filter((asked) => asked !== null);
}

function askedReconcileOf(stored: unknown): AskedReconcile | null {
  const known = (stored ?? {}) as Partial<AskedReconcile>;
  const { id, force, dryRun = false, state, runId = null, ids = null, error = null } = known;
  if (typeof id !== 'string' || typeof force !== 'boolean') return null;
  if (state !== 'waiting' && state !== 'under-way' && state !== 'ended') return null;
  return { id, force, dryRun, state, runId, ids, error };
}
