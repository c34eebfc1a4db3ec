import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { deletedSince } from '../deleted-since.ts';
import type { RunRecorder } from '../run-recorder.ts';

/**
 * Looks again at what the mirror had as deleted before the run: it may have been restored and merged since, and no cycle
 * would hear of that. Asks for those that `deleted` names; what was deleted before its list begins is purged by now, and
 * cannot be restored.
 */
export async function confirmBuried(
  context: SyncContext,
  { run, signal }: { run: RunRecorder; signal: AbortSignal },
): Promise<void> {
  const { mirror, sizes } = context;
  if ((await mirror.contacts.counts()).deleted === 0) return;
  const named = [...(await deletedSince(context, 0, { signal })).ids];
  for (let from = 0; from < named.length; from += sizes.rowsPerPass) {
    const ids = named.slice(from, from + sizes.rowsPerPass);
    const states = await mirror.contacts.states(ids);
    const buried = ids.filter((id) => states.get(id)?.gone === 'deleted');
    const { tombstones } = await confirmGone(context, buried, { signal });
    if (tombstones.length > 0) run.count('buried', (await mirror.commit({ tombstones }, { signal })).buried);
  }
}
