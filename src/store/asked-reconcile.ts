import type { AskedReconcile } from '../sync/ports/asked-reconcile.ts';

/** One that is still to be made is joined: it keeps its id, and the brake is lifted where either wants that. Pure. */
export function joined(
  known: AskedReconcile | null,
  asked: Pick<AskedReconcile, 'id' | 'force'>,
): AskedReconcile {
  if (known === null || known.state === 'ended' || (asked.force && !known.force && known.state !== 'waiting'))
    return { ...asked, state: 'waiting', runId: null, error: null };
  return { ...known, force: known.force || asked.force };
}

/** With the force of whoever has joined since `asked` was read; null where another was asked for since. Pure. */
export function noted(known: AskedReconcile | null, asked: AskedReconcile): AskedReconcile | null {
  return known?.id === asked.id ? { ...asked, force: known.force || asked.force } : null;
}

/** What was stored as one, whoever wrote it; null where it is none. Pure. */
export function askedReconcileOf(stored: unknown): AskedReconcile | null {
  const { id, force, state, runId = null, error = null } = (stored ?? {}) as Partial<AskedReconcile>;
  if (typeof id !== 'string' || typeof force !== 'boolean') return null;
  if (state !== 'waiting' && state !== 'under-way' && state !== 'ended') return null;
  return { id, force, state, runId, error };
}
