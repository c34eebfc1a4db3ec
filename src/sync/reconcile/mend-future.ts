import type { SyncContext } from '../context.ts';
import { futureCursorOf, futureMs } from '../future-cursor.ts';

/**
 * Where the org once told a wrong time, what was read or proven then counts as of now, so that reads from now on are
 * later. Answers whether there was such a time: this process has its clock from the mirror then and must connect anew.
 * The cursors are mended by the end of the reconcile, for until then nothing is known of what they have missed.
 */
export async function mendFuture(
  { mirror, remote, log }: SyncContext,
  { signal }: { signal: AbortSignal },
): Promise<boolean> {
  await remote.identity({ signal });
  const now = remote.clock.told();
  const latest = (await mirror.contacts.latestReadAt()) ?? 0;
  const future = await futureCursorOf(mirror, now);
  if (future === null || latest <= now + futureMs) return false;
  log.warn(`${future.message} What was read then counts as read now.`);
  await mirror.commit({ effects: [{ kind: 'mend-future', after: now + futureMs, at: now }] }, { signal });
  return true;
}
