import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, SendWay, Settlement } from '../../ports/outbox-entry.ts';
import type { WriteOutcome } from '../../ports/record-writes.ts';
import { settleDoubts } from '../settle/settle-doubts.ts';
import { cannotBeAsked } from './cannot-be-asked.ts';
import { outcomeOf, type Standing, unanswered } from './store-answer.ts';

interface Answered {
  entries: OutboxEntry[];
  outcomes: WriteOutcome[];
}

/**
 * A repeated upsert that begins while its first sending is still being carried out finds no contact, waits for it, and
 * is refused as its duplicate. So one that was sent before is looked for where it is refused for that: made, it is
 * settled by its contact; not there, the refusal stands. Returns what is not settled.
 */
export async function withoutOwnDuplicates(
  context: SyncContext,
  way: SendWay,
  { entries, outcomes }: Answered,
  {
    mayExist,
    standings,
    runId,
    signal,
  }: {
    mayExist: ReadonlySet<string>;
    standings: Map<string, Standing>;
    runId: string;
    signal: AbortSignal;
  },
): Promise<Answered> {
  const isOwn = ({ key }: OutboxEntry, i: number) => mayExist.has(key) && isDuplicate(outcomes[i]);
  const suspects = way === 'upsert' ? entries.filter(isOwn) : [];
  if (suspects.length === 0) return { entries, outcomes };
  const settled = await settledBy(context, suspects, { runId, signal });
  const left: Answered = { entries: [], outcomes: [] };
  for (const [i, entry] of entries.entries()) {
    const settlement = settled?.get(entry.key);
    if (settlement !== undefined && settlement.state !== 'pending') {
      standings.set(entry.key, { entry, settlement, outcome: outcomeOf(settlement) });
      continue;
    }
    left.entries.push(entry);
    const isUntold = suspects.includes(entry) && settlement === undefined;
    const outcome = isUntold ? undefined : outcomes[i];
    left.outcomes.push(outcome ?? { kind: 'unknown', error: unanswered() });
  }
  return left;
}

/** Null where the org cannot be asked now. */
async function settledBy(
  context: SyncContext,
  suspects: readonly OutboxEntry[],
  options: { runId: string; signal: AbortSignal },
): Promise<Map<string, Settlement> | null> {
  try {
    // What was known before the first sending was stored by it.
    const stored = await context.mirror.outbox.list({ keys: suspects.map(({ key }) => key) });
    return await settleDoubts(context, stored, options);
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    return null;
  }
}

function isDuplicate(outcome: WriteOutcome | undefined): boolean {
  return outcome?.kind === 'refused' && outcome.errors.some(({ code }) => code === 'DUPLICATE_VALUE');
}
