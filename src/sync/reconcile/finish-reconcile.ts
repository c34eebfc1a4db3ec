import { overtakeCopy } from '../backfill/resumable-copy.ts';
import type { SyncContext } from '../context.ts';
import { futureMs } from '../future-cursor.ts';
import type { DifferingIds } from '../ports/differing-ids.ts';
import type { SweptDue } from '../ports/sweep.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withCurrentFields } from '../schema.ts';
import { confirmGhosts } from './confirm-ghosts.ts';
import { fetchDiffering } from './fetch-differing.ts';
import type { ReconcileState } from './reconcile-state.ts';

/** So many Ids of a kind are told. */
export const mostIdsTold = 1_000;

/**
 * Settles what the sweep has found: ghosts are confirmed, what is missing or stale is read, and the last transaction
 * moves the cursors. A run that changes nothing tells the Ids instead.
 */
export async function finishReconcile(
  context: SyncContext,
  run: RunRecorder,
  { state, force, signal }: { state: ReconcileState; force: boolean; signal: AbortSignal },
): Promise<DifferingIds | null> {
  const { remote } = context;
  let confirmed = { held: 0, unheardUntil: 0 };
  const confirm = () =>
    run.step('confirm', async (note) => {
      confirmed = await confirmGhosts(context, { run, state, force, note, signal });
    });
  await confirm();
  if (state.dryRun) {
    const ids = await differingIds(context, confirmed.held > 0);
    await run.end([{ kind: 'begin-sweep' }]);
    return ids;
  }
  const fetch = () => withCurrentFields(context, { signal }, () => fetchDiffering(context, run, signal));
  // Who was hidden or purged since the sweep is judged once; what that finds to read is none that could become so again.
  for (;;) {
    const unknown = await run.step('fetch', fetch);
    if (unknown === 0) break;
    if (confirmed.held > 0) {
      // Judged with the others, they are held as those are.
      run.count('held', unknown);
      break;
    }
    await confirm();
  }
  const { held, unheardUntil } = confirmed;
  const { t0, userId } = state;
  const beyond = remote.clock.told() + futureMs;
  await run.end([
    { kind: 'complete-reconcile', t0, beyond, isHolding: held > 0, unheardUntil, userId },
    ...(await overtakeCopy(context, t0)),
  ]);
  return null;
}

async function differingIds({ mirror }: SyncContext, isHeld: boolean): Promise<DifferingIds> {
  const idsOf = async (...kinds: SweptDue[]) => {
    const ids: string[] = [];
    for (const due of kinds) {
      const rows = await mirror.sweep.due(due, { after: '', limit: mostIdsTold - ids.length });
      ids.push(...rows.map(({ id }) => id));
    }
    return ids;
  };
  return {
    missing: await idsOf('missing'),
    stale: await idsOf('stale'),
    ghosts: await idsOf('stated'),
    held: isHeld ? await idsOf('unknown', 'absent') : [],
  };
}
