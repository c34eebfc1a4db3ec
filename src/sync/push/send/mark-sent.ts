import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { PlannedRequest } from '../plan/plan-requests.ts';
import { orgNow } from '../settle/org-now.ts';

/** Returns what may go out now: what a person has dropped meanwhile may not, nor then the rest of its group. */
export async function markSent(
  context: SyncContext,
  { way, entries, allOrNone }: PlannedRequest,
): Promise<OutboxEntry[]> {
  const { outbox } = context.mirror;
  for (let left = entries; left.length > 0; ) {
    const keys = left.map(({ key }) => key);
    try {
      const { clock, remote } = context;
      await outbox.markSent(keys, way, clock.now(), orgNow(context), remote.userId);
      return left;
    } catch (error) {
      const stored = await outbox.list({ keys, states: ['pending'] });
      if (stored.length === keys.length) throw error;
      const pending = new Set(stored.map(({ key }) => key));
      left = allOrNone ? [] : left.filter(({ key }) => pending.has(key));
    }
  }
  return [];
}
