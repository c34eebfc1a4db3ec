import { AppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import type { WriteOutcome } from '../../ports/record-writes.ts';
import { errorOf, keyForgotten, keyRefused, noAnswer, repeatRefused } from '../entry/entry-errors.ts';
import { askingNow, isForgotten } from '../entry/is-keyless-create.ts';
import { lostKeys } from '../entry/lost-keys.ts';

/** How an entry stands after its last sending. */
export interface Standing {
  entry: OutboxEntry;
  settlement: Settlement;
  outcome: WriteOutcome;
}

/** Stores what became of each entry of a request; one without an outcome is in doubt. */
export async function storeAnswer(
  { mirror, clock }: Pick<SyncContext, 'mirror' | 'clock'>,
  entries: readonly OutboxEntry[],
  outcomes: readonly WriteOutcome[],
  mayExist: Set<string>,
  standings: Map<string, Standing>,
): Promise<void> {
  // Also of what a person has let be sent as if it never had been.
  const open = outcomes.some(({ kind }) => kind === 'refused') ? await lostKeys(mirror.outbox) : none;
  const settlements = entries.map((entry, i) => {
    const outcome = outcomes[i] ?? { kind: 'unknown' as const, error: unanswered() };
    if (outcome.kind === 'unknown') mayExist.add(entry.key);
    const earlier = { mayExist: mayExist.has(entry.key), isOpen: open.has(entry.key) };
    const settlement = settlementOf(entry, outcome, earlier, clock.now());
    standings.set(entry.key, { entry, settlement, outcome });
    return settlement;
  });
  if (settlements.length > 0) await mirror.outbox.settle(settlements);
}

/**
 * Whose key Salesforce may have forgotten by now goes out no more: it could be made a second time, and is in doubt.
 * Returns the others.
 */
export async function withoutForgotten(
  context: Pick<SyncContext, 'mirror' | 'clock' | 'remote'>,
  entries: readonly OutboxEntry[],
  mayExist: Set<string>,
  standings: Map<string, Standing>,
): Promise<OutboxEntry[]> {
  const asking = askingNow(context);
  const expired = entries.filter((entry) => isForgotten(entry, asking));
  const outcomes = expired.map(() => ({ kind: 'unknown' as const, error: keyForgotten() }));
  await storeAnswer(context, expired, outcomes, mayExist, standings);
  return entries.filter((entry) => !expired.includes(entry));
}

/** From now on the contacts of the org alone can tell whether these were made. */
export async function keepKeyless(
  { mirror, clock }: Pick<SyncContext, 'mirror' | 'clock'>,
  entries: readonly OutboxEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const errors = [errorOf(keyRefused()), noAnswer];
  const at = clock.now();
  await mirror.outbox.settle(
    entries.map(({ key }) => ({ key, state: 'in-doubt', errors, at, keyless: true })),
  );
}

/** The request was not carried out at all, whoever said so. */
export async function backToLine(
  { mirror, clock }: Pick<SyncContext, 'mirror' | 'clock'>,
  entries: readonly OutboxEntry[],
  mayExist: ReadonlySet<string>,
): Promise<void> {
  const at = clock.now();
  await mirror.outbox.settle(
    entries.map(({ key }) => ({ key, state: 'pending', errors: [], at, unsent: !mayExist.has(key) })),
  );
}

const none: ReadonlySet<string> = new Set();

/** `mayExist`: an earlier request may have done its work; `isOpen`: or may do so yet. */
function settlementOf(
  entry: OutboxEntry,
  outcome: WriteOutcome,
  { mayExist, isOpen }: { mayExist: boolean; isOpen: boolean },
  at: number,
): Settlement {
  const { key } = entry;
  switch (outcome.kind) {
    case 'done':
      return { key, state: 'done', contactId: outcome.id, created: outcome.created, at };
    case 'refused': {
      // A repeated delete finds the contact deleted: that is what was wanted.
      const gone = entry.op === 'delete' && outcome.errors.some(({ code }) => code === 'ENTITY_IS_DELETED');
      if (gone && entry.contactId !== null)
        return { key, state: 'done', contactId: entry.contactId, created: false, at };
      if (mayExist && entry.op === 'create' && entry.upsertField === null)
        return { key, state: 'in-doubt', errors: [repeatRefused, ...outcome.errors], at, keyless: true };
      if (isOpen)
        return { key, state: 'in-doubt', errors: [repeatRefused, ...outcome.errors], at, refused: true };
      return { key, state: 'rejected', errors: outcome.errors, at };
    }
    case 'not-done':
      return { key, state: 'pending', errors: [errorOf(outcome.error)], at, unsent: !mayExist };
    case 'unknown':
      return { key, state: 'in-doubt', errors: [errorOf(outcome.error), noAnswer], at };
  }
}

/** What an entry that was settled by a look at its contact would have been answered. */
export function outcomeOf(settlement: Settlement): WriteOutcome {
  if (settlement.state === 'done')
    return { kind: 'done', id: settlement.contactId, created: settlement.created };
  return { kind: 'refused', errors: settlement.state === 'pending' ? [] : settlement.errors };
}

export function unanswered(): AppError {
  return new AppError('IN_DOUBT', 'Salesforce did not say what became of the record.');
}
