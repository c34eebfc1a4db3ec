import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { deletedSince } from '../deleted-since.ts';
import type { RunRecorder } from '../run-recorder.ts';

/**
 * Looks again at what the mirror had as deleted or hidden before the run: the one may have been restored and merged
 * since, the other erased, and no cycle would hear of that. Asks for those that `deleted` names. What was deleted before
 * its list begins is purged by now and cannot be restored; for what was hidden, that list's beginning is answered, until
 * when deletions are unheard.
 */
export async function confirmBuried(
  context: SyncContext,
  { run, signal }: { run: RunRecorder; signal: AbortSignal },
): Promise<{ unheardUntil: number }> {
  const { mirror, sizes } = context;
  if ((await mirror.contacts.counts()).deleted === 0) return { unheardUntil: 0 };
  const list = await deletedSince(context, 0, { signal });
  const named = [...list.ids];
  for (let from = 0; from < named.length; from += sizes.rowsPerPass) {
    const ids = named.slice(from, from + sizes.rowsPerPass);
    const states = await mirror.contacts.states(ids);
    const buried = ids.filter((id) => ['deleted', 'hidden'].includes(states.get(id)?.gone ?? ''));
    const { tombstones } = await confirmGone(context, buried, { signal });
    if (tombstones.length > 0) run.count('buried', (await mirror.commit({ tombstones }, { signal })).buried);
  }
  return { unheardUntil: list.since };
}
