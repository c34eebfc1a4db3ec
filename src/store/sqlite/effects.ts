import { sameId } from '../../org/record-id.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Effect } from '../../sync/ports/effect.ts';
import type { BatchOutcome } from '../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import { advanceChunk, replaceChunks } from './chunk-records.ts';
import { markFilled } from './contact-schema.ts';
import { completeReconcile, moveCursors, rememberWindow, setFirstCursors } from './cursor-records.ts';
import { forgetFilled, noteFilled } from './filled-fields.ts';
import { forgetRuns } from './forget-runs.ts';
import { readIdentity } from './identity-records.ts';
import { mendFuture } from './mend-future.ts';
import { noteUnshown } from './read-back-records.ts';
import { addToRun, endRun, insertStep, patchRunState, resumeRun } from './run-records.ts';
import { confirmReadBack } from './send-records.ts';
import { beginSweep, closeSweep, markSwept, noteSwept, settleSwept } from './sweep-records.ts';

/** What the effects so far have come to, for the outcome of their commit. */
type Outcome = Pick<BatchOutcome, 'chunkDone' | 'addedChunks'>;

interface Together {
  /** Whose cursors, chunks and fields they are. */
  object: string;
  /** The page that is committed with the effects. */
  page: PageOutcome | null;
  /** Its columns, as they lie in the attached spool file. */
  columns: readonly string[];
  /** When it was asked for, ms since 1970. */
  readAt: number;
  outcome: Outcome;
}

type Executors = {
  [K in Effect['kind']]: (db: Connection, effect: Extract<Effect, { kind: K }>, together: Together) => void;
};

const executors: Executors = {
  'move-cursors': (db, { to }, { object }) => moveCursors(db, object, to),
  'set-first-cursors': (db, { updated, deleted, userId, unheardUntil = 0 }, { object }) =>
    setFirstCursors(db, object, { updated, deleted, isAgreed: isReadAs(db, userId), unheardUntil }),
  'remember-window': (db, { of, window }, { object }) => rememberWindow(db, object, of, window),
  'where-all-found': (db, { effects }, together) => {
    if ((together.page?.absent ?? 0) > 0) return;
    for (const effect of effects) execute(db, effect, together);
  },
  'advance-chunk': (db, effect, { page, outcome }) => {
    outcome.chunkDone = advanceChunk(db, effect, page);
  },
  'replace-chunks': (db, { runId, ids, by }, { object, outcome }) => {
    outcome.addedChunks = replaceChunks(db, object, runId, ids, by);
  },
  'patch-run-state': (db, { runId, patch }) => patchRunState(db, runId, patch),
  'count-run': (db, { runId, delta }) => addToRun(db, runId, delta),
  'add-step': (db, { runId, step }) => insertStep(db, runId, step),
  'resume-run': (db, { runId }) => resumeRun(db, runId),
  'end-run': (db, { runId, outcome }) => endRun(db, runId, outcome),
  'forget-runs': (db, effect, { object }) => forgetRuns(db, object, effect),
  'mark-filled': (db, { fields, at }, { object }) => {
    markFilled(db, object, fields);
    noteFilled(db, object, { fields, at });
  },
  'confirm-read-back': (db, { keys }) => confirmReadBack(db, keys),
  'note-unshown': (db, { keys, at }) => noteUnshown(db, keys, at),
  'begin-sweep': (db, _effect, { object }) => beginSweep(db, object),
  'note-swept': (db, { mends }, { object, columns, readAt }) =>
    noteSwept(db, object, columns, { mends, readAt }),
  'close-sweep': (db, { runId, before }) => closeSweep(db, runId, before),
  'settle-swept': (db) => settleSwept(db),
  'mark-swept': (db, { runId, marks }) => markSwept(db, runId, marks),
  'complete-reconcile': (db, { t0, beyond, isHolding, unheardUntil, userId }, { object }) => {
    completeReconcile(db, object, {
      t0,
      beyond,
      isAgreed: isReadAs(db, userId),
      unheardUntil: isHolding ? unheardUntil : 0,
    });
    if (!isHolding) forgetFilled(db, object, { before: t0 });
    beginSweep(db, object);
  },
  'mend-future': (db, { after, at }) => mendFuture(db, after, at),
};

/** Whether the mirror is read as this user, as far as that is known. */
function isReadAs(db: Connection, userId: string | undefined): boolean {
  const seen = readIdentity(db);
  return seen === null || userId === undefined || sameId(seen.userId, userId);
}

/** Carries out what is committed together with a page's rows; the caller holds the transaction. */
export function applyEffects(
  db: Connection,
  object: string,
  effects: readonly Effect[],
  page: PageOutcome | null,
  { columns = [], readAt = 0 }: { columns?: readonly string[]; readAt?: number } = {},
): Outcome {
  const outcome: Outcome = { chunkDone: null, addedChunks: [] };
  for (const effect of effects) execute(db, effect, { object, page, columns, readAt, outcome });
  return outcome;
}

function execute<E extends Effect>(db: Connection, effect: E, together: Together): void {
  // The compiler does not see that the executor found under an effect's kind is the one for that effect.
  (executors[effect.kind] as (db: Connection, effect: E, together: Together) => void)(db, effect, together);
}
