import { sameId } from '../../org/record-id.ts';
import type { AdvanceChunk, Effect } from '../../sync/ports/effect.ts';
import type { Cursors } from '../../sync/ports/journal.ts';
import type { BatchOutcome } from '../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import type { NewStoredChunk, Run, RunDelta, RunFilter, StoredChunk } from '../../sync/ports/run.ts';
import { foundRuns } from './found-runs.ts';
import { kept } from './memory-file.ts';
import { mendFuture } from './memory-future.ts';
import type { MemoryEntry, MemoryState } from './memory-state.ts';
import { beginSweep, closeSweep, markSwept, noteSwept, settleSwept } from './memory-sweep-effects.ts';
import type { PlainPage } from './merge-page.ts';

/** What the effects so far have come to, for the outcome of their commit. */
type Outcome = Pick<BatchOutcome, 'chunkDone' | 'addedChunks'>;

interface Together {
  /** The page that is committed with the effects. */
  page: PageOutcome | null;
  /** Its rows. */
  plain: PlainPage | null;
  outcome: Outcome;
}

type Executors = {
  [K in Effect['kind']]: (
    state: MemoryState,
    effect: Extract<Effect, { kind: K }>,
    together: Together,
  ) => void;
};

const executors: Executors = {
  'move-cursors': (state, { to }) => moveCursors(state, to),
  'set-first-cursors': (state, { updated, deleted, userId, unheardUntil = 0 }) => {
    if (state.cursors.updated !== null || state.cursors.deleted !== null) return;
    moveCursors(state, { updated, deleted });
    state.reconciledAt = isReadAs(state, userId) ? updated : 0;
    state.unheardUntil = unheardUntil;
  },
  'remember-window': (state, { of, window }) => {
    state.knownWindows[of] = kept(window);
  },
  'where-all-found': (state, { effects }, together) => {
    if ((together.page?.absent ?? 0) > 0) return;
    for (const effect of effects) execute(state, effect, together);
  },
  'advance-chunk': (state, effect, { page, outcome }) => {
    outcome.chunkDone = advanceChunk(state, effect, page);
  },
  'replace-chunks': (state, { runId, ids, by }, { outcome }) => {
    outcome.addedChunks = replaceChunks(state, runId, ids, by);
  },
  'patch-run-state': (state, { runId, patch }) =>
    changeRun(state, runId, (run) => ({ state: { ...(run.state as object), ...kept(patch) } })),
  'count-run': (state, { runId, delta }) => changeRun(state, runId, (run) => sumOf(run, delta)),
  'add-step': (state, { runId, step }) => {
    state.steps.push({ runId, step: kept(step) });
  },
  'resume-run': (state, { runId }) =>
    changeRun(state, runId, ({ status }) =>
      status === 'complete' ? {} : { status: 'running', finishedAt: null, error: null },
    ),
  'end-run': (state, { runId, outcome }) =>
    changeRun(state, runId, (run) => ({ ...kept(outcome), ...sumOf(run, outcome) })),
  'forget-runs': (state, effect) => forgetRuns(state, effect),
  'mark-filled': (state, { fields, at }) => {
    markFilled(state, fields);
    for (const name of fields) state.filled.set(name, at);
  },
  'confirm-read-back': (state, { keys }) => confirmReadBack(state, keys),
  'note-unshown': ({ outbox }, { keys, at }) => {
    for (const key of keys) {
      const entry = outbox.get(key);
      if (entry !== undefined) outbox.set(key, { ...entry, unshownAt: at });
    }
  },
  'begin-sweep': (state) => beginSweep(state),
  'note-swept': (state, { mends }, { plain }) => noteSwept(state, plain, { mends }),
  'close-sweep': (state, { runId, before }) => {
    if ((state.runs.get(runId)?.state as { swept?: boolean } | undefined)?.swept === true) return;
    const counts = closeSweep(state, before);
    changeRun(state, runId, (run) => ({
      state: { ...(run.state as object), swept: true },
      ...sumOf(run, { counts, apiCalls: 0 }),
    }));
  },
  'settle-swept': (state) => settleSwept(state),
  'mark-swept': (state, { runId, marks }) => {
    const counts = { repaired: markSwept(state, marks) };
    changeRun(state, runId, (run) => sumOf(run, { counts, apiCalls: 0 }));
  },
  'complete-reconcile': (state, { t0, beyond, isHolding, unheardUntil, userId }) => {
    state.unheardUntil = isHolding ? unheardUntil : 0;
    if (!isHolding) for (const [name, at] of state.filled) if (at < t0) state.filled.delete(name);
    const { updated, deleted } = state.cursors;
    const past = (at: number | null) => (at !== null && at <= beyond ? at : null);
    state.cursors = { updated: past(updated), deleted: past(deleted) };
    moveCursors(state, { updated: t0, deleted: t0 });
    if (isReadAs(state, userId)) state.reconciledAt = t0;
    beginSweep(state);
  },
  'mend-future': (state, { after, at }) => mendFuture(state, after, at),
};

/** Whether the mirror is read as this user, as far as that is known. */
function isReadAs({ identity }: MemoryState, userId: string | undefined): boolean {
  return identity === null || userId === undefined || sameId(identity.userId, userId);
}

/** Carries out what is committed together with a page's rows; the caller holds the transaction. */
export function applyEffects(
  state: MemoryState,
  effects: readonly Effect[],
  page: PageOutcome | null,
  plain: PlainPage | null,
): Outcome {
  const outcome: Outcome = { chunkDone: null, addedChunks: [] };
  for (const effect of effects) execute(state, effect, { page, plain, outcome });
  return outcome;
}

function execute<E extends Effect>(state: MemoryState, effect: E, together: Together): void {
  // The compiler does not see that the executor found under an effect's kind is the one for that effect.
  (executors[effect.kind] as (state: MemoryState, effect: E, together: Together) => void)(
    state,
    effect,
    together,
  );
}

function moveCursors(state: MemoryState, to: Partial<Cursors>): void {
  const next = { ...state.cursors };
  for (const name of ['updated', 'deleted'] as const) {
    const at = to[name] ?? null;
    if (at !== null && at > (next[name] ?? Number.NEGATIVE_INFINITY)) next[name] = at;
  }
  state.cursors = next;
}

function advanceChunk(state: MemoryState, advance: AdvanceChunk, page: PageOutcome | null): boolean | null {
  const chunk = state.chunks.get(advance.id);
  if (chunk === undefined) throw new Error(`There is no chunk ${advance.id}.`);
  const { from } = advance;
  const isAsKnown = chunk.rows === from.rows && (chunk.position !== null) === from.isBegun;
  const isMine = isAsKnown && chunk.state === 'pending';
  if (page !== null) {
    const { rows, inserted, updated, unchanged } = page;
    const counts: Record<string, number> = isMine
      ? { rows, inserted, updated, unchanged }
      : { inserted, updated };
    changeRun(state, chunk.runId, (run) => sumOf(run, { counts, apiCalls: 0 }));
  }
  if (!isMine) return null;
  // An empty page leaves the chunk where it was: there is no last row to go on from.
  const lastKey = page?.lastKey ? { ...page.lastKey } : null;
  const position = advance.position === 'last-key' ? lastKey : kept(advance.position);
  const done =
    typeof advance.state === 'string'
      ? advance.state === 'done'
      : page?.done === true && page.rows < advance.state.doneBelow;
  state.chunks.set(chunk.id, {
    ...chunk,
    position: position ?? chunk.position,
    state: done ? 'done' : 'pending',
    rows: chunk.rows + (page?.rows ?? 0),
  });
  return done;
}

function replaceChunks(
  state: MemoryState,
  runId: string,
  ids: readonly number[],
  by: readonly NewStoredChunk[],
): StoredChunk[] {
  const old = ids.map((id) => {
    const chunk = state.chunks.get(id);
    if (chunk?.runId !== runId) throw new Error(`There is no chunk ${id} in this run.`);
    return chunk;
  });
  if (old[0]?.state === 'done') return [];
  for (const chunk of old) state.chunks.set(chunk.id, { ...chunk, state: 'done' });
  return by.map(({ kind, spec }) => {
    const id = Math.max(0, ...state.chunks.keys()) + 1;
    const chunk: StoredChunk = {
      id,
      runId,
      kind,
      spec: kept(spec),
      position: null,
      state: 'pending',
      rows: 0,
    };
    state.chunks.set(id, chunk);
    return kept(chunk);
  });
}

function changeRun(state: MemoryState, runId: string, change: (run: Run) => Partial<Run>): void {
  const run = state.runs.get(runId);
  if (run !== undefined) state.runs.set(runId, { ...run, ...change(run) });
}

/** See the effect `forget-runs`; some at a time here too, so that whoever relies on all of it finds out. */
function forgetRuns(
  state: MemoryState,
  {
    before,
    now,
    but,
    newestOf,
  }: { before: number; now: number; but: string; newestOf: readonly RunFilter[] },
): void {
  const newest = new Set(
    newestOf.flatMap((filter) => foundRuns(state, { ...filter, limit: 1 })).map(({ id }) => id),
  );
  const old = [...state.runs.values()]
    .filter(({ startedAt }) => startedAt <= now)
    .slice(0, 20)
    .filter(
      ({ id, kind, status, startedAt }) =>
        startedAt < before && id !== but && (status !== 'running' || kind === 'push'),
    );
  for (const { id } of old) {
    if (!newest.has(id)) state.runs.delete(id);
    for (const chunk of [...state.chunks.values()]) if (chunk.runId === id) state.chunks.delete(chunk.id);
  }
  const gone = new Set(old.map(({ id }) => id).filter((id) => !newest.has(id)));
  state.steps = state.steps.filter(({ runId }) => !gone.has(runId));
}

function sumOf(run: Run, { counts, apiCalls }: RunDelta): RunDelta {
  const sums = { ...run.counts };
  for (const [name, by] of Object.entries(counts)) if (by !== 0) sums[name] = (sums[name] ?? 0) + by;
  return { counts: sums, apiCalls: run.apiCalls + apiCalls };
}

function markFilled(state: MemoryState, names: readonly string[]): void {
  for (const name of names) {
    const field = state.fields.get(name.toLowerCase());
    if (field !== undefined) state.fields.set(name.toLowerCase(), { ...field, unfilled: 0 });
  }
}

function confirmReadBack(state: MemoryState, keys: readonly string[]): void {
  for (const key of keys) {
    const entry = state.outbox.get(key);
    if (entry === undefined) continue;
    const { op, contactId, contactKey } = entry;
    const contact = op !== 'create' || contactId === null ? undefined : state.contacts.get(contactId);
    // What a push was told is the contact's: its own, where the mirror had none of the contact before.
    const shown = contact === undefined ? contactKey : (contact.key ?? contactId!);
    state.outbox.set(key, { ...entry, contactKey: shown, readBackDue: false });
  }
}

/**
 * Gives the contacts that came behind the first `before` the keys of the pushes that made them: a key never changes once
 * it was shown, so that it is there with the contact or not at all.
 */
export function adoptKeysOfNew(state: MemoryState, before: number): void {
  if (state.contacts.size === before) return;
  const made = [...state.outbox.values()].filter(
    ({ contactId }) => contactId !== null && (state.contacts.get(contactId)?.place ?? 0) > before,
  );
  if (made.length === 0) return;
  const owners = new Map<string, string>();
  for (const [id, { key }] of state.contacts) if (key !== null) owners.set(key, id);
  for (const entry of made) adoptKey(state, entry, owners);
}

/**
 * By the key that it was pushed with, a contact is found after Salesforce gave it an Id too. A key is one contact's: one
 * that was made once more takes it from the one that is gone; where the first lives, the other goes by its Id.
 */
function adoptKey(
  { contacts }: MemoryState,
  { op, state: became, contactKey, contactId, upsertField, created }: MemoryEntry,
  owners: Map<string, string>,
): void {
  if (op !== 'create' || became !== 'done' || contactId === null || contactKey === contactId) return;
  if (upsertField !== null && created !== true) return;
  const made = contacts.get(contactId);
  if (made === undefined || made.key !== null) return;
  const owner = owners.get(contactKey);
  const first = owner === undefined ? undefined : contacts.get(owner);
  if (owner !== undefined && first !== undefined) {
    if (first.state.gone === null) return;
    contacts.set(owner, { ...first, key: null });
  }
  contacts.set(contactId, { ...made, key: contactKey });
  owners.set(contactKey, contactId);
}
