import type { AskedReconcile, Asking } from '../sync/ports/asked-reconcile.ts';

/**
 * One that is still to be made is joined: it keeps its id, and the brake is lifted where either wants that. One of the other
 * kind, that only tells or does not, is left to come to its end. Pure.
 */
export function joined(known: AskedReconcile | null, asked: Asking): AskedReconcile {
  const made = { ...asked, state: 'waiting', runId: null, ids: null, error: null } as const;
  if (known === null || known.state === 'ended') return made;
  if (known.dryRun !== asked.dryRun) return known;
  if (asked.force && !known.force && known.state !== 'waiting') return made;
  return { ...known, force: known.force || asked.force };
}

/** With the force of whoever has joined since `asked` was read; null where another was asked for since. Pure. */
export function noted(known: AskedReconcile | null, asked: AskedReconcile): AskedReconcile | null {
  return known?.id === asked.id ? { ...asked, force: known.force || asked.force } : null;
}

/** What was stored as one, whoever wrote it; null where it is none. Pure. */
export function askedReconcileOf(stored: unknown): AskedReconcile | null {
  const known = (stored ?? {}) as Partial<AskedReconcile>;
  const { id, force, dryRun = false, state, runId = null, ids = null, error = null } = known;
  if (typeof id !== 'string' || typeof force !== 'boolean') return null;
  if (state !== 'waiting' && state !== 'under-way' && state !== 'ended') return null;
  return { id, force, dryRun, state, runId, ids, error };
}
