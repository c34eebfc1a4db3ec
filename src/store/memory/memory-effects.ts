import type { AdvanceChunk, Effect } from '../../sync/ports/effect.ts';
import type { Cursors } from '../../sync/ports/journal.ts';
import type { BatchOutcome } from '../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import type { Chunk, NewChunk, Run } from '../../sync/ports/run.ts';
import { kept } from './memory-file.ts';
import type { MemoryState } from './memory-state.ts';

/** What the effects so far have come to, for the outcome of their commit. */
type Outcome = Pick<BatchOutcome, 'chunkDone' | 'addedChunks'>;

interface Together {
  /** The page that is committed with the effects. */
  page: PageOutcome | null;
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
  'set-first-cursors': (state, { updated, deleted }) => {
    if (state.cursors.updated === null && state.cursors.deleted === null)
      moveCursors(state, { updated, deleted });
  },
  'advance-chunk': (state, effect, { page, outcome }) => {
    outcome.chunkDone = advanceChunk(state, effect, page);
  },
  'replace-chunks': (state, { runId, ids, by }, { outcome }) => {
    outcome.addedChunks = replaceChunks(state, runId, ids, by);
  },
  'save-run-state': (state, effect) => changeRun(state, effect.runId, () => ({ state: kept(effect.state) })),
  'add-step': (state, { runId, step }) => {
    state.steps.push({ runId, step: kept(step) });
  },
  'end-run': (state, { runId, outcome }) =>
    changeRun(state, runId, ({ counts }) => ({
      ...kept(outcome),
      counts: { ...counts, ...outcome.counts },
    })),
  'mark-filled': (state, { fields }) => markFilled(state, fields),
  'confirm-read-back': (state, { keys }) => confirmReadBack(state, keys),
};

/** Carries out what is committed together with a page's rows; the caller holds the transaction. */
export function applyEffects(
  state: MemoryState,
  effects: readonly Effect[],
  page: PageOutcome | null,
): Outcome {
  const outcome: Outcome = { chunkDone: null, addedChunks: [] };
  for (const effect of effects) execute(state, effect, { page, outcome });
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

function advanceChunk(state: MemoryState, advance: AdvanceChunk, page: PageOutcome | null): boolean {
  const chunk = state.chunks.get(advance.id);
  if (chunk === undefined) throw new Error(`There is no chunk ${advance.id}.`);
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
  by: readonly NewChunk[],
): Chunk[] {
  for (const id of ids) {
    const chunk = state.chunks.get(id);
    if (chunk?.runId !== runId) throw new Error(`There is no chunk ${id} in this run.`);
    state.chunks.set(id, { ...chunk, state: 'done' });
  }
  return by.map(({ kind, spec }) => {
    const id = state.chunks.size + 1;
    const chunk: Chunk = { id, runId, kind, spec: kept(spec), position: null, state: 'pending', rows: 0 };
    state.chunks.set(id, chunk);
    return kept(chunk);
  });
}

function changeRun(state: MemoryState, runId: string, change: (run: Run) => Partial<Run>): void {
  const run = state.runs.get(runId);
  if (run !== undefined) state.runs.set(runId, { ...run, ...change(run) });
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
    if (entry !== undefined) state.outbox.set(key, { ...entry, readBackDue: false });
  }
}
