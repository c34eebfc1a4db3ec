import { isAppError } from '../../base/errors.ts';
import { sameId } from '../../org/record-id.ts';
import type { SyncContext } from '../context.ts';
import type { Effect } from '../ports/effect.ts';
import type { Run } from '../ports/run.ts';
import { type CopyState, parseCopyState } from './copy-state.ts';

/** A first copy that was begun, as it stands in the journal. */
export interface BegunCopy {
  run: Run;
  state: CopyState;
}

/** An interrupted run this old starts over: its T0 nears the end of what `deleted` reaches back (15 days). */
const resumableMs = 10 * 86_400_000;

/**
 * The newest backfill, where it did not end (its closing cycle included) and is young enough to go on with. That of a
 * copy `beside` the mirror has not ended before the copy is in its place, and then there is no such copy any more.
 * `userId`: as whom it would be gone on with, where the mirror itself does not answer for that; what another user may
 * see is another copy. None that a reconcile has overtaken. Throws `PROGRESS_UNREADABLE`.
 */
export async function resumableCopy(
  { mirror, clock, log }: Pick<SyncContext, 'mirror' | 'clock' | 'log'>,
  { beside = false, userId }: { beside?: boolean; userId?: string } = {},
): Promise<BegunCopy | null> {
  const last = await newestCopy(mirror);
  if (last === null) return null;
  const { run, state } = last;
  if (run.status === 'complete' && !beside) {
    if (!state.closing) return null;
    // Any cycle since has closed the gap as well.
    const [cycle] = await mirror.journal.runs({ kind: 'cycle', status: 'complete', limit: 1 });
    if (cycle !== undefined && cycle.startedAt >= (run.finishedAt ?? 0)) return null;
  }
  if (state.overtaken) {
    log.info('the interrupted backfill is older than a reconcile since and starts over', { runId: run.id });
    return null;
  }
  if (userId !== undefined && isOfAnother(state, userId)) {
    log.warn(
      'the interrupted backfill was read as another user, who may see other contacts, and starts over',
      {
        runId: run.id,
      },
    );
    return null;
  }
  if (clock.now() - run.startedAt > resumableMs) {
    log.warn('the interrupted backfill is too old to go on with and starts over', { runId: run.id });
    return null;
  }
  return last;
}

/** Whether the mirror may hold rows of a first copy that was begun as another user and did not come to its end. */
export async function isAfterAnother(
  mirror: Pick<SyncContext['mirror'], 'journal'>,
  userId: string,
): Promise<boolean> {
  const { updated, deleted } = await mirror.journal.cursors();
  if (updated !== null && deleted !== null) return false;
  const last = await newestCopy(mirror);
  return last !== null && (last.state.afterAnother || isOfAnother(last.state, userId));
}

/** What a reconcile does that moves the cursors to `t0`: an older copy is begun anew rather than gone on with. */
export async function overtakeCopy(
  { mirror }: Pick<SyncContext, 'mirror'>,
  t0: number,
): Promise<readonly Effect[]> {
  const last = await readableCopy(mirror);
  if (last === null || last.state.t0 >= t0) return [];
  const { run, state } = last;
  const isOver = run.status === 'complete' && !state.closing;
  return isOver ? [] : [{ kind: 'patch-run-state', runId: run.id, patch: { overtaken: true } }];
}

/** What cannot be read is not gone on with either. */
async function readableCopy(mirror: Pick<SyncContext['mirror'], 'journal'>): Promise<BegunCopy | null> {
  try {
    return await newestCopy(mirror);
  } catch (error) {
    if (isAppError(error, 'PROGRESS_UNREADABLE')) return null;
    throw error;
  }
}

function isOfAnother({ userId: known }: CopyState, userId: string): boolean {
  return known !== undefined && !sameId(known, userId);
}

async function newestCopy({ journal }: Pick<SyncContext['mirror'], 'journal'>): Promise<BegunCopy | null> {
  for (const run of await journal.runs({ kind: 'backfill', limit: 20 })) {
    const state = parseCopyState(run);
    if (state !== null) return { run, state };
  }
  return null;
}
