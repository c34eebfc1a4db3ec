import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, SendWay, Settlement } from '../../ports/outbox-entry.ts';
import { isDecidedPush } from '../entry/is-decided-push.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { settleDoubts } from '../settle/settle-doubts.ts';
import { cannotBeAsked } from './cannot-be-asked.ts';
import { checkContacts } from './check-contacts.ts';
import { backToLine, outcomeOf, type Standing } from './store-answer.ts';

/**
 * Which entries may be sent once more now. Before an update, delete or upsert whose answer never came is repeated,
 * its contact is read; a create with its key is safe to repeat. An edit of a program, and what a person has decided for, is held
 * against what its contact is by now: whoever held the row has changed it. `conflicts`: those that wait for a person since.
 */
export async function readyAgain(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  way: SendWay,
  {
    mayExist,
    standings,
    progress,
    signal,
  }: {
    mayExist: ReadonlySet<string>;
    standings: Map<string, Standing>;
    progress: DrainProgress;
    signal: AbortSignal;
  },
): Promise<{ ready: OutboxEntry[]; conflicts: OutboxEntry[] }> {
  const doubtful = entries.filter(
    ({ key }) => way !== 'ui-api' && standings.get(key)?.outcome.kind === 'unknown',
  );
  const notTaken = entries.filter((entry) => !doubtful.includes(entry));
  const { left: waiting, conflicts } = await checkAgain(context, notTaken, { standings, progress, signal });
  const keyed = waiting.filter(({ key }) => standings.get(key)?.outcome.kind === 'unknown');
  await backToLine(context, keyed, mayExist);
  const { outbox } = context.mirror;
  // When it was sent first, too: so long is its key good.
  if (way === 'ui-api') {
    const keys = waiting.map(({ key }) => key);
    return { ready: await outbox.list({ keys, states: ['pending'] }), conflicts };
  }
  if (doubtful.length === 0) return { ready: waiting, conflicts };
  // What was known before the sending was stored by it.
  const stored = await outbox.list({ keys: doubtful.map(({ key }) => key) });
  let settled: Map<string, Settlement>;
  try {
    settled = await settleDoubts(context, stored, { runId: progress.runId, signal });
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    // They stay in doubt, and the error of the sending is told.
    return { ready: waiting, conflicts };
  }
  for (const entry of doubtful) {
    const settlement = settled.get(entry.key);
    if (settlement === undefined) continue;
    standings.set(entry.key, { entry, settlement, outcome: outcomeOf(settlement) });
  }
  const untouched = doubtful.filter(({ key }) => settled.get(key)?.state === 'pending');
  const again = await checkAgain(context, untouched, { standings, progress, signal });
  const ready = [...again.left, ...waiting];
  const places = new Map(entries.map(({ key }, at) => [key, at]));
  return {
    ready: ready.toSorted((a, b) => places.get(a.key)! - places.get(b.key)!),
    conflicts: [...conflicts, ...again.conflicts],
  };
}

/** What was decided about an edit is counted and stored, and is no answer to a request. */
async function checkAgain(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  {
    standings,
    progress,
    signal,
  }: { standings: Map<string, Standing>; progress: DrainProgress; signal: AbortSignal },
): Promise<{ left: OutboxEntry[]; conflicts: OutboxEntry[] }> {
  const edits = entries.filter((entry) => (entry.local && entry.op !== 'create') || isDecidedPush(entry));
  if (edits.length === 0) return { left: [...entries], conflicts: [] };
  let checked: { left: OutboxEntry[]; conflicts: OutboxEntry[] };
  try {
    checked = await checkContacts(context, entries, progress, { signal });
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    // They wait for the next drain, and the error of the sending is told.
    return { left: entries.filter((entry) => !edits.includes(entry)), conflicts: [] };
  }
  const left = new Set(checked.left.map(({ key }) => key));
  for (const { key } of edits) if (!left.has(key)) standings.delete(key);
  return checked;
}
