import { backoffMs } from '../../base/backoff.ts';
import { callDetailsOf } from '../../base/call-details.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { failsAlone } from '../fails-alone.ts';
import type { OutboxEntry, Settlement } from '../ports/outbox-entry.ts';
import type { WriteOutcome } from '../ports/record-writes.ts';
import type { DrainProgress } from './drain-progress.ts';
import { errorOf, keyRefused, noAnswer } from './entry-errors.ts';
import { isRepeatable, type PlannedRequest } from './plan-requests.ts';
import { sendRequest } from './send-request.ts';
import type { AnswerKind } from './send-width.ts';
import { settleDoubts } from './settle-doubts.ts';

/** How often what was not taken, or whose answer never came, is tried again within a drain. */
const maxRepeats = 3;
/** Longest wait that the org may ask for within a drain; past it the entries wait for the next one. */
const longestRetryAfterMs = 30_000;
/**
 * After so many lost answers in a row the org itself counts as out of reach. Fewer for creates in collections:
 * each of those leaves up to 200 contacts in a doubt that takes minutes to settle, or people.
 */
const maxDoubtsInRow = { repeatable: 3, other: 2 };
/**
 * After so many requests in a row that met a limit with every record, the limit is the org's. More of single records:
 * a few that always meet one must not keep the others from being sent.
 */
const maxLimitsInRow = { single: 10, collection: 2 };

/** So great a part of a request's records met a locked row that it was not one busy record, but requests in each other's way. */
const manyLocked = 0.05;

const unfinished: ReadonlySet<Settlement['state']> = new Set(['pending', 'in-doubt', 'conflict']);

export interface SentRequest {
  /** Entries that wait, are in doubt or in conflict: what follows of their contacts must not overtake them. */
  unfinished: OutboxEntry[];
  /** Those of them that are in conflict, and wait for a person. */
  conflicts: OutboxEntry[];
}

export interface SendOptions {
  signal: AbortSignal;
  /** Aborts when an answer is waited for no more. */
  grace: AbortSignal;
  /** Throws where the lease that is sent under is lost. */
  confirm?: () => Promise<void>;
  onSettled?: OnSettled;
  /** How long an ingest job is waited for; as long as it takes unless told. */
  jobPatienceMs?: number;
}

/** How an entry stands after its last sending. */
interface Standing {
  entry: OutboxEntry;
  settlement: Settlement;
  outcome: WriteOutcome;
}

/** Told the keys of entries that have a final answer. */
export type OnSettled = (keys: readonly string[]) => Promise<void>;

export async function tellSettled(settlements: readonly Settlement[], onSettled?: OnSettled): Promise<void> {
  const keys = settlements
    .filter(({ state }) => state === 'done' || state === 'rejected')
    .map(({ key }) => key);
  if (keys.length > 0) await onSettled?.(keys);
}

/**
 * Sends one planned request and stores what became of its entries; `progress.stopped` tells where no other would fare
 * better (an org out of reach, a limit). What Salesforce did not take for now, and what
 * may safely be sent again, is tried a few times more.
 */
export async function sendPlanned(
  context: SyncContext,
  planned: PlannedRequest,
  progress: DrainProgress,
  { signal, grace, confirm, onSettled }: SendOptions,
): Promise<SentRequest> {
  const standings = new Map<string, Standing>();
  // An earlier sending may have done its work.
  const mayExist = new Set(planned.entries.filter(({ sentAt }) => sentAt !== null).map(({ key }) => key));
  let { way, entries: left } = planned;
  const number = progress.beginRequest();
  for (let attempt = 0; ; attempt++) {
    if (way === 'ui-api' && !progress.idempotent) {
      // Only the key could tell whether the contact exists, and the org does not take it (any more).
      const lost = left.filter(({ key }) => mayExist.has(key));
      await store(
        context,
        lost,
        lost.map(() => ({ kind: 'unknown', error: keyRefused() })),
        mayExist,
        standings,
      );
      await keepKeyless(context, lost);
      left = left.filter(({ key }) => !mayExist.has(key));
      if (left.length === 0) break;
      way = 'collection';
    }
    const sentAt = context.clock.monotonicMs();
    const leave = await progress.width.enter(signal).catch(() => null);
    // What others have met meanwhile may have ended the sending.
    if (leave === null || progress.stopped !== null) {
      leave?.('other');
      break;
    }
    let kind: AnswerKind = 'other';
    try {
      left = await markSent(context, { ...planned, way, entries: left });
      if (left.length === 0) break;
      const request = { ...planned, way, entries: left };
      const answer = await sendRequest(context.records.writes, request, { grace, confirm });
      if (answer === 'unsupported') {
        progress.idempotent = false;
        await backToLine(context, left, mayExist);
        continue;
      }
      await store(context, left, answer, mayExist, standings);
      kind = kindOfAnswer(answer);
      progress.noteLost(number, kind === 'lost');
    } finally {
      leave(kind);
    }
    // Where others are lost too, the next drain repeats this one: the stop shall not take long.
    if (attempt >= maxRepeats || progress.isTroubled(number) || signal.aborted) break;
    const again = left.filter(({ key }) => mayRepeat(standings.get(key), way, attempt));
    if (again.length === 0) break;
    progress.spend(context.clock.monotonicMs() - sentAt);
    if (!(await progress.wait(context, waitMs(again, standings, attempt), signal))) break;
    if (progress.stopped !== null) break;
    left = await readyAgain(context, again, way, { mayExist, standings, signal });
    if (signal.aborted) break;
    if (left.length === 0 || (planned.allOrNone && left.length < planned.entries.length)) break;
  }
  const last = planned.entries
    .map(({ key }) => standings.get(key))
    .filter((standing) => standing !== undefined);
  if (last.length === 0) return { unfinished: [], conflicts: [] };
  for (const { entry, settlement } of last) progress.count(entry, settlement);
  await tellSettled(
    last.map(({ settlement }) => settlement),
    onSettled,
  );
  progress.stuck ??= last.map(({ outcome }) => ownError(outcome)).find((error) => error !== null) ?? null;
  const open = last.filter(({ settlement }) => unfinished.has(settlement.state));
  progress.stopped ??= stopOf(last, way, { progress, number });
  return {
    unfinished: open.map(({ entry }) => entry),
    conflicts: open.filter(({ settlement }) => settlement.state === 'conflict').map(({ entry }) => entry),
  };
}

/** What an answer says of how many requests the org can take at once. */
function kindOfAnswer(outcomes: readonly WriteOutcome[]): AnswerKind {
  if (outcomes.some(({ kind }) => kind === 'unknown')) return 'lost';
  const notDone = outcomes.filter((outcome) => outcome.kind === 'not-done');
  const [refused] = notDone.filter(({ ofRecord }) => ofRecord !== true);
  if (refused !== undefined) {
    const { status, limit } = callDetailsOf(refused.error);
    return status === 429 || limit === 'concurrent' ? 'crowded' : 'other';
  }
  const locked = notDone.filter(({ error }) => callDetailsOf(error).errorCode === 'UNABLE_TO_LOCK_ROW');
  if (locked.length > 1 && locked.length >= outcomes.length * manyLocked) return 'crowded';
  // Nothing was taken: that is no reason to send more at once.
  return notDone.length === outcomes.length ? 'other' : 'good';
}

/** Returns what may go out now: what a person has dropped meanwhile may not, nor then the rest of its group. */
async function markSent(
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

/** The org's time by its answers alone, where one has told it yet: what is stored may lie in the org's future. */
export function orgNow({ remote }: Pick<SyncContext, 'remote'>): number | null {
  try {
    return Math.floor(remote.clock.told());
  } catch {
    return null;
  }
}

async function store(
  { mirror, clock }: Pick<SyncContext, 'mirror' | 'clock'>,
  entries: readonly OutboxEntry[],
  outcomes: readonly WriteOutcome[],
  mayExist: Set<string>,
  standings: Map<string, Standing>,
): Promise<void> {
  const settlements = entries.map((entry, i) => {
    const outcome = outcomes[i] ?? { kind: 'unknown' as const, error: unanswered() };
    if (outcome.kind === 'unknown') mayExist.add(entry.key);
    const settlement = settlementOf(entry, outcome, mayExist.has(entry.key), clock.now());
    standings.set(entry.key, { entry, settlement, outcome });
    return settlement;
  });
  if (settlements.length > 0) await mirror.outbox.settle(settlements);
}

/** From now on the contacts of the org alone can tell whether these were made. */
async function keepKeyless(
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
async function backToLine(
  { mirror, clock }: Pick<SyncContext, 'mirror' | 'clock'>,
  entries: readonly OutboxEntry[],
  mayExist: ReadonlySet<string>,
): Promise<void> {
  const at = clock.now();
  await mirror.outbox.settle(
    entries.map(({ key }) => ({ key, state: 'pending', errors: [], at, unsent: !mayExist.has(key) })),
  );
}

function mayRepeat(standing: Standing | undefined, way: PlannedRequest['way'], attempt: number): boolean {
  const { outcome, entry } = standing ?? {};
  if (outcome?.kind === 'unknown') {
    // Minutes have been spent on an answer that did not come; once more is enough.
    if (isAppError(outcome.error, 'TIMEOUT') && attempt > 0) return false;
    return isRepeatable({ op: entry!.op, way });
  }
  return outcome?.kind === 'not-done' && passesSoon(outcome.error);
}

/** Whether it is worth waiting for within a drain: not a limit of the day, a login or a wrong host name. */
function passesSoon(error: Error): boolean {
  if (isAppError(error, 'REFUSED_FOR_NOW', 'ORG_UNAVAILABLE')) return true;
  const { limit, network } = callDetailsOf(error);
  if (isAppError(error, 'REQUEST_LIMIT_EXCEEDED')) return limit === 'concurrent';
  return isAppError(error, 'NETWORK_UNREACHABLE') && network === 'unreachable';
}

function waitMs(
  entries: readonly OutboxEntry[],
  standings: ReadonlyMap<string, Standing>,
  attempt: number,
): number {
  const told = entries.map(({ key }) => {
    const outcome = standings.get(key)?.outcome;
    const { retryAfterMs } = outcome !== undefined && 'error' in outcome ? callDetailsOf(outcome.error) : {};
    return typeof retryAfterMs === 'number' ? retryAfterMs : 0;
  });
  const longest = Math.max(0, ...told);
  if (longest > longestRetryAfterMs) return Number.POSITIVE_INFINITY;
  return longest + backoffMs(attempt, { baseMs: 500, maxMs: 8_000 });
}

/**
 * Which entries may be sent once more now. Before an update, delete or upsert whose answer never came is repeated,
 * its contact is read; a create with its key is safe to repeat.
 */
async function readyAgain(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  way: PlannedRequest['way'],
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
  if (doubtful.length === 0) return waiting;
  // What was known before the sending was stored by it.
  const stored = await context.mirror.outbox.list({ keys: doubtful.map(({ key }) => key) });
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
    const outcome: WriteOutcome =
      settlement.state === 'done'
        ? { kind: 'done', id: settlement.contactId, created: settlement.created }
        : { kind: 'refused', errors: settlement.state === 'pending' ? [] : settlement.errors };
    standings.set(entry.key, { entry, settlement, outcome });
  }
  const again = new Set(doubtful.filter(({ key }) => settled.get(key)?.state === 'pending'));
  return entries.filter((entry) => again.has(entry) || waiting.includes(entry));
}

function settlementOf(entry: OutboxEntry, outcome: WriteOutcome, mayExist: boolean, at: number): Settlement {
  const { key } = entry;
  switch (outcome.kind) {
    case 'done':
      return { key, state: 'done', contactId: outcome.id, created: outcome.created, at };
    case 'refused': {
      // A repeated delete finds the contact deleted: that is what was wanted.
      const gone = entry.op === 'delete' && outcome.errors.some(({ code }) => code === 'ENTITY_IS_DELETED');
      if (gone && entry.contactId !== null)
        return { key, state: 'done', contactId: entry.contactId, created: false, at };
      return { key, state: 'rejected', errors: outcome.errors, at };
    }
    case 'not-done':
      return { key, state: 'pending', errors: [errorOf(outcome.error)], at, unsent: !mayExist };
    case 'unknown':
      return { key, state: 'in-doubt', errors: [errorOf(outcome.error), noAnswer], at };
  }
}

function unanswered(): AppError {
  return new AppError('IN_DOUBT', 'Salesforce did not say what became of the record.');
}

/** The reason of an entry's own for still waiting. */
function ownError(outcome: WriteOutcome): Error | null {
  if (outcome.kind === 'unknown') return outcome.error;
  return outcome.kind === 'not-done' && outcome.ofRecord === true ? outcome.error : null;
}

/** The error after which no further request is worth sending now. Counts lost answers and limits in a row. */
function stopOf(
  last: readonly Standing[],
  way: PlannedRequest['way'],
  { progress, number }: { progress: DrainProgress; number: number },
): Error | null {
  const outcomes = last.map(({ outcome }) => outcome);
  const refused = outcomes.find((outcome) => outcome.kind === 'not-done' && outcome.ofRecord !== true);
  if (refused?.kind === 'not-done') return refused.error;

  const limited = outcomes.filter(
    (outcome) => outcome.kind === 'not-done' && isAppError(outcome.error, 'REQUEST_LIMIT_EXCEEDED'),
  );
  progress.limitsInRow = limited.length === outcomes.length ? progress.limitsInRow + 1 : 0;
  const mostLimits = outcomes.length === 1 ? maxLimitsInRow.single : maxLimitsInRow.collection;
  if (progress.limitsInRow >= mostLimits && limited[0]?.kind === 'not-done') return limited[0].error;

  const repeatable = last.every(({ entry }) => isRepeatable({ op: entry.op, way }));
  // An answer that speaks of this request alone says nothing of the next, unless each leaves another doubt behind.
  const lost = outcomes.find(
    (outcome) => outcome.kind === 'unknown' && (!repeatable || !failsAlone(outcome.error)),
  );
  const doubtsInRow = progress.endRequest(number, lost !== undefined);
  const limit = repeatable ? maxDoubtsInRow.repeatable : maxDoubtsInRow.other;
  return lost?.kind === 'unknown' && doubtsInRow >= limit ? lost.error : null;
}
