import type { SyncContext } from '../context.ts';
import type { OutboxEntry, SendWay, Settlement } from '../ports/outbox-entry.ts';
import { settleDoubts } from './settle-doubts.ts';
import { backToLine, outcomeOf, type Standing } from './store-answer.ts';

/**
 * Which entries may be sent once more now. Before an update, delete or upsert whose answer never came is repeated,
 * its contact is read; a create with its key is safe to repeat.
 */
export async function readyAgain(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  way: SendWay,
  {
    mayExist,
    standings,
    signal,
  }: { mayExist: ReadonlySet<string>; standings: Map<string, Standing>; signal: AbortSignal },
): Promise<OutboxEntry[]> {
  const doubtful = entries.filter(
    ({ key }) => way !== 'ui-api' && standings.get(key)?.outcome.kind === 'unknown',
  );
  const waiting = entries.filter((entry) => !doubtful.includes(entry));
  const keyed = waiting.filter(({ key }) => standings.get(key)?.outcome.kind === 'unknown');
  await backToLine(context, keyed, mayExist);
  const { outbox } = context.mirror;
  // When it was sent first, too: so long is its key good.
  if (way === 'ui-api') return outbox.list({ keys: waiting.map(({ key }) => key), states: ['pending'] });
  if (doubtful.length === 0) return waiting;
  // What was known before the sending was stored by it.
  const stored = await outbox.list({ keys: doubtful.map(({ key }) => key) });
  let settled: Map<string, Settlement>;
  try {
    settled = await settleDoubts(context, stored, { signal });
  } catch {
    // The org cannot be asked now: they stay in doubt, and the error of the sending is told.
    return waiting;
  }
  for (const entry of doubtful) {
    const settlement = settled.get(entry.key);
    if (settlement === undefined) continue;
    standings.set(entry.key, { entry, settlement, outcome: outcomeOf(settlement) });
  }
  const again = new Set(doubtful.filter(({ key }) => settled.get(key)?.state === 'pending'));
  return entries.filter((entry) => again.has(entry) || waiting.includes(entry));
}
