import type { SyncContext } from '../context.ts';
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
 * Throws `PROGRESS_UNREADABLE`.
 */
export async function resumableCopy(
  { mirror, clock, log }: Pick<SyncContext, 'mirror' | 'clock' | 'log'>,
  { beside = false }: { beside?: boolean } = {},
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
  if (clock.now() - run.startedAt > resumableMs) {
    log.warn('the interrupted backfill is too old to go on with and starts over', { runId: run.id });
    return null;
  }
  return last;
}

async function newestCopy({ journal }: SyncContext['mirror']): Promise<BegunCopy | null> {
  for (const run of await journal.runs({ kind: 'backfill', limit: 20 })) {
    const state = parseCopyState(run);
    if (state !== null) return { run, state };
  }
  return null;
}
