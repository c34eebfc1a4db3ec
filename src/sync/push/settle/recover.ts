import { isAbort } from '../../../base/abort.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import { isRefusedRepeat, noAnswer, withNoAnswer } from '../entry/entry-errors.ts';
import { askingNow, isForgotten } from '../entry/is-keyless-create.ts';
import { isRepeatable } from '../plan/plan-requests.ts';
import { type DrainProgress, tellDoubts } from '../progress/drain-progress.ts';
import { type OnSettled, tellSettled } from '../progress/tell-settled.ts';
import { orgNow } from './org-now.ts';
import { settleCreates } from './settle-creates.ts';
import { settleDoubts } from './settle-doubts.ts';
import { settleLost } from './settle-lost.ts';

/** Whoever is found untouched is sent again for so long without another look. */
const freshMs = 10_000;

/** What is held in memory at a time. */
const entriesPerPage = 2_000;

interface RecoverOptions {
  /** Asks again what was asked just now too. */
  eager?: boolean;
  signal: AbortSignal;
  onSettled?: OnSettled;
}

/**
 * We hold the drain lease, so whatever is `sent` lost its process before the answer came. A create with its key is
 * safe to repeat; of an update, delete or upsert the contact is read first; whether a create in a collection was made is
 * told by what this user made since.
 */
export async function recover(
  context: SyncContext,
  progress: DrainProgress,
  options: RecoverOptions,
): Promise<void> {
  const { outbox } = context.mirror;
  progress.doubtsReadAt = context.clock.monotonicMs();
  const doubts = new Set<string>();
  await doubtAgain(context);
  for (let after = -1; ; ) {
    const page = await outbox.list({ states: ['sent', 'in-doubt'], after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
    // What is in a job that is under way is in no doubt: the job will tell.
    const left = page.filter(({ way, state }) => way !== 'bulk' || state !== 'sent');
    for (const key of await recoverPage(context, left, progress, options)) doubts.add(key);
  }
  const settled = doubts.size === 0 ? [] : await settleKeyless(context, progress, options);
  for (const key of settled) doubts.delete(key);
  tellDoubts(context, [...doubts]);
  await noteOver(context, progress, options);
}

async function noteOver(
  context: SyncContext,
  progress: DrainProgress,
  options: RecoverOptions,
): Promise<void> {
  try {
    await settleLost(context, options);
  } catch (error) {
    if (isAbort(error)) throw error;
    progress.meetTrouble(error as Error);
  }
}

/** Once more where the last look is so old that a colleague may have written since, as while a job is filled. */
export async function recoverAgain(
  context: SyncContext,
  progress: DrainProgress,
  options: RecoverOptions,
): Promise<void> {
  const { doubtsReadAt } = progress;
  if (doubtsReadAt !== null && context.clock.monotonicMs() - doubtsReadAt <= freshMs) return;
  await recover(context, progress, options);
}

/**
 * What an earlier drain found untouched and could not send then: since that look a colleague may have written, and its
 * first sending may have been carried out. A key alone makes a repeat safe at any time.
 */
async function doubtAgain(context: SyncContext): Promise<void> {
  await doubtThese(context, ({ way }) => way !== 'ui-api');
}

/**
 * What could not be sent again, and may have been carried out by an earlier sending, is in doubt where the drain ends, whatever
 * makes its repeat safe. Returns how many.
 */
export async function leaveInDoubt(context: SyncContext): Promise<number> {
  return doubtThese(context, () => true);
}

async function doubtThese(
  { mirror: { outbox }, clock }: SyncContext,
  choose: (entry: OutboxEntry) => boolean,
): Promise<number> {
  let count = 0;
  for (let after = -1; ; ) {
    const page = await outbox.list({ states: ['pending'], maybeSent: true, after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) return count;
    after = last.seq;
    const chosen = page.filter(choose);
    const at = clock.now();
    if (chosen.length > 0)
      await outbox.settle(
        chosen.map(({ key, errors }) => ({ key, state: 'in-doubt', errors: withNoAnswer(errors), at })),
      );
    count += chosen.length;
  }
}

/** Returns the keys of those that are in doubt no more. */
async function settleKeyless(
  context: SyncContext,
  progress: DrainProgress,
  { eager, signal, onSettled }: RecoverOptions,
): Promise<string[]> {
  let settled: ReadonlyMap<string, Settlement>;
  try {
    settled = await settleCreates(context, { eager, signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    progress.meetTrouble(error as Error);
    return [];
  }
  const keys = [...settled.keys()];
  for (const settlement of settled.values()) {
    if (settlement.state !== 'pending') progress.count({ op: 'create' }, settlement);
  }
  await tellSettled([...settled.values()], onSettled);
  return keys;
}

/** Returns the keys of the entries that stay in doubt. */
async function recoverPage(
  context: SyncContext,
  page: readonly OutboxEntry[],
  progress: DrainProgress,
  { signal, onSettled }: RecoverOptions,
): Promise<string[]> {
  const { mirror, clock } = context;
  const at = clock.now();
  const asking = askingNow(context);
  const present = orgNow(context) ?? at;
  const settlements: Settlement[] = [];
  const readable: OutboxEntry[] = [];
  for (const entry of page) {
    const { key, state, way, errors } = entry;
    if (way === 'ui-api' && !isForgotten(entry, asking))
      settlements.push({ key, state: 'pending', errors, at });
    else if (state === 'sent') settlements.push({ key, state: 'in-doubt', errors: [noAnswer], at });
    // What is yet to come of its sending would undo what is sent behind a repeat.
    const isOpen = (entry.doubt?.endedOrgAt ?? 0) > present;
    if (way !== 'ui-api' && !isOpen && (isRepeatable(entry) || entry.upsertField !== null))
      readable.push(entry);
  }
  if (settlements.length > 0) await mirror.outbox.settle(settlements);
  // It may be sent once more where its first request is over.
  if (readable.some(isRefusedRepeat)) await noteOver(context, progress, { signal });
  let settled = new Map<string, Settlement>();
  try {
    settled = await settleDoubts(context, readable, { runId: progress.runId, signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    // They stay in doubt, with what follows of the same contacts; the others are none of their trouble.
    progress.meetTrouble(error as Error);
    for (const entry of readable)
      progress.count(entry, { key: entry.key, state: 'in-doubt', errors: [], at });
  }
  for (const entry of readable) {
    const settlement = settled.get(entry.key);
    if (settlement !== undefined && settlement.state !== 'pending') progress.count(entry, settlement);
  }
  await tellSettled([...settled.values()], onSettled);
  const waiting = new Set(settlements.filter(({ state }) => state === 'pending').map(({ key }) => key));
  return page.map(({ key }) => key).filter((key) => !waiting.has(key) && !settled.has(key));
}

/**
 * Whoever may have been sent by a key that Salesforce has forgotten since, or as another user, could be made a second time: in
 * doubt, and so given back.
 */
export async function settleExpired(
  context: Pick<SyncContext, 'mirror' | 'clock' | 'remote'>,
  entries: readonly OutboxEntry[],
): Promise<readonly OutboxEntry[]> {
  const { mirror } = context;
  const asking = askingNow(context);
  const { at } = asking;
  const expired = entries.filter((entry) => entry.state === 'pending' && isForgotten(entry, asking));
  if (expired.length === 0) return entries;
  await mirror.outbox.settle(expired.map(({ key }) => ({ key, state: 'in-doubt', errors: [noAnswer], at })));
  return entries.map((entry) => (expired.includes(entry) ? { ...entry, state: 'in-doubt' } : entry));
}
