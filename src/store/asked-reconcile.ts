import type { AskedReconcile, Asking } from '../sync/ports/asked-reconcile.ts';

/**
 * In the order in which they were asked for: of each kind, that only tells and that repairs, at most one under way and one
 * that waits behind it, and the last that have ended.
 */
export type AskedReconciles = readonly AskedReconcile[];

/** So many of a kind that have ended stay for whoever follows them. */
const endedKept = 2;

/** This one, or of one kind, or of all: the first that is still to be made, else the last that was. Pure. */
export function askedOf(
  all: AskedReconciles,
  { id, dryRun }: Partial<Pick<Asking, 'id' | 'dryRun'>> = {},
): AskedReconcile | null {
  const some = all.filter(
    (one) => (id === undefined || one.id === id) && (dryRun === undefined || one.dryRun === dryRun),
  );
  return some.find(isOpen) ?? some.at(-1) ?? null;
}

/** Those that are still to be made. Pure. */
export function openOf(all: AskedReconciles): AskedReconcile[] {
  return all.filter(isOpen);
}

/**
 * One of its kind that waits is joined: it keeps its id and its place, and the brake is lifted where either wants that.
 * One under way has compared some of it already, and is not. `id`: of the one that is to be followed. Pure.
 */
export function joined(all: AskedReconciles, asked: Asking): { all: AskedReconciles; id: string } {
  if (all.some(({ id }) => id === asked.id)) return { all, id: asked.id };
  const waiting = all.find(({ dryRun, state }) => dryRun === asked.dryRun && state === 'waiting');
  if (waiting === undefined) {
    const nothing = { runId: null, ids: null, formerRunId: null, error: null };
    return { all: [...all, { ...asked, state: 'waiting', ...nothing }], id: asked.id };
  }
  const now = { ...waiting, force: waiting.force || asked.force };
  return { all: all.map((one) => (one === waiting ? now : one)), id: waiting.id };
}

/** With the force of whoever has joined since `asked` was read. Pure. */
export function noted(all: AskedReconciles, asked: AskedReconcile): AskedReconciles {
  const now = all.map((one) => (one.id === asked.id ? { ...asked, force: one.force || asked.force } : one));
  const ended = now.filter((one) => one.dryRun === asked.dryRun && !isOpen(one));
  const forgotten = new Set(ended.slice(0, -endedKept));
  return now.filter((one) => !forgotten.has(one));
}

function isOpen({ state }: AskedReconcile): boolean {
  return state !== 'ended';
}

/** What was stored of them, whoever wrote it, without what is none. Pure. */
export function askedReconcilesOf(stored: unknown): AskedReconciles {
  return (Array.isArray(stored) ? stored : [stored]).map(askedReconcileOf).filter((asked) => asked !== null);
}

function askedReconcileOf(stored: unknown): AskedReconcile | null {
  const known = (stored ?? {}) as Partial<AskedReconcile>;
  const {
    id,
    force,
    dryRun = false,
    state,
    runId = null,
    ids = null,
    formerRunId = null,
    error = null,
  } = known;
  if (typeof id !== 'string' || typeof force !== 'boolean') return null;
  if (state !== 'waiting' && state !== 'under-way' && state !== 'ended') return null;
  return { id, force, dryRun, state, runId, ids, formerRunId, error };
}
