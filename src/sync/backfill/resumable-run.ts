import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import type { Run } from '../ports/run.ts';

/** What a resumed run keeps. */
export interface BackfillState extends Record<string, unknown> {
  t0: number;
  api: BackfillApi;
  total: number;
  reason: string;
  planned: boolean;
  /** As asked for; null without the flag. */
  fields?: readonly string[] | null;
  /** The mirror held no row when T0 was known: whatever is in it since was read later. */
  fromEmpty?: boolean;
  /** All is read and the run complete, but the cycle that closes its gap has not come to its end yet. */
  closing?: boolean;
}

/** An interrupted run this old starts over: its T0 nears the end of what `deleted` reaches back (15 days). */
const resumableMs = 10 * 86_400_000;

/**
 * The newest backfill, where it did not end (its closing cycle included) and is young enough to go on with. That of a
 * copy `beside` the mirror has not ended before the copy is in its place, and then there is no such copy any more.
 */
export async function resumableRun(
  { mirror, clock, log }: Pick<SyncContext, 'mirror' | 'clock' | 'log'>,
  { beside = false }: { beside?: boolean } = {},
): Promise<Run | null> {
  // Filling a new column is recorded as a backfill too, and has no chunks to go on with.
  const last = (await mirror.journal.runs({ kind: 'backfill', limit: 20 })).find(
    ({ state }) => state.fill !== true,
  );
  if (last === undefined) return null;
  if (last.status === 'complete' && !beside) {
    if (last.state.closing !== true) return null;
    // Any cycle since has closed the gap as well.
    const [cycle] = await mirror.journal.runs({ kind: 'cycle', status: 'complete', limit: 1 });
    if (cycle !== undefined && cycle.startedAt >= (last.finishedAt ?? 0)) return null;
  }
  if (clock.now() - last.startedAt > resumableMs) {
    log.warn('the interrupted backfill is too old to go on with and starts over', { runId: last.id });
    return null;
  }
  return last;
}
