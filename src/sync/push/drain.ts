import { throwIfAborted } from '../../base/abort.ts';
import { backoffMs } from '../../base/backoff.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { OutboxEntry, Settlement } from '../ports/outbox.ts';
import type { RecordError, WriteOutcome } from '../ports/remote.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { isRepeatable, type PlannedRequest, planRequests } from './plan-requests.ts';
import { readBack } from './read-back.ts';
import { sendRequest } from './send-request.ts';
import { StuckEntries } from './stuck-entries.ts';

export interface DrainOptions {
  run: RunRecorder;
  /** Runs the work under the org's drain lock, or throws; absent where the caller holds it already. */
  withLock?: <T>(work: () => Promise<T>) => Promise<T>;
  onSettled?: (count: number) => void;
  signal: AbortSignal;
}

/** Salesforce keeps the answer to an Idempotency-Key for 30 days; a day is left for clocks. */
const idempotencyMs = 29 * 86_400_000;
/** How often a request whose answer never came is repeated at once, where a repeat is safe. */
const maxRepeats = 3;
/**
 * After so many lost answers in a row the org itself counts as out of reach. Fewer for creates in collections:
 * each of those leaves up to 200 contacts in a doubt that only people can settle.
 */
const maxDoubtsInRow = { repeatable: 3, other: 2 };
const entriesPerPass = 2_000;

/**
 * Sends what waits in the outbox, in order, and reads the contacts back. One drain an org at a time. Throws
 * the error that stopped it (an org out of reach, a limit); whatever was settled until then is stored.
 */
export async function drainOutbox(context: SyncContext, options: DrainOptions): Promise<void> {
  const { withLock = (work) => work() } = options;
  const counts = await context.mirror.outbox.counts();
  const open = counts.pending + counts.sent + counts['in-doubt'];
  const due = open > 0 || (await context.mirror.outbox.readBackDue(1)).length > 0;
  if (due) await withLock(() => drain(context, options));
}

async function drain(context: SyncContext, options: DrainOptions): Promise<void> {
  const { outbox } = context.mirror;
  await recover(context);
  const progress: DrainProgress = { idempotent: true, doubtsInRow: 0, stuck: new StuckEntries() };
  for (;;) {
    const listed = wholeGroups(await outbox.list({ states: ['pending'], limit: entriesPerPass }));
    const waiting = progress.stuck.without(listed);
    if (waiting.length === 0) break;
    const sendable = await withoutExpired(context, waiting);
    for (const planned of planRequests(sendable, progress.idempotent)) {
      throwIfAborted(options.signal);
      // What got stuck since the plan was made keeps later changes of the same contact back.
      const entries = progress.stuck.without(planned.entries);
      if (entries.length > 0 && (entries.length === planned.entries.length || !planned.allOrNone))
        await settle(context, { ...planned, entries }, progress, options);
      else progress.stuck.add(planned.entries, null);
    }
  }
  await readBack(context, options);
  if (progress.stuck.error !== null) throw progress.stuck.error;
}

interface DrainProgress {
  /** Whether the org takes Idempotency-Keys, as far as this drain knows. */
  idempotent: boolean;
  /** Requests in a row, up to the last one, whose answer never came. */
  doubtsInRow: number;
  stuck: StuckEntries;
}

/** A group that the end of a pass cuts waits for the next pass: half of it must not go out alone. */
function wholeGroups(entries: OutboxEntry[]): OutboxEntry[] {
  const last = entries.at(-1)?.atomicGroup ?? null;
  if (last === null || entries.length < entriesPerPass) return entries;
  return entries.filter(({ atomicGroup }) => atomicGroup !== last);
}

/**
 * Whoever may have been sent by a key that Salesforce has forgotten since could be made a second time: in doubt.
 */
async function withoutExpired(
  { mirror, clock }: SyncContext,
  waiting: readonly OutboxEntry[],
): Promise<OutboxEntry[]> {
  const at = clock.now();
  const expired = waiting.filter((entry) => isExpired(entry, at));
  if (expired.length === 0) return [...waiting];
  await mirror.outbox.settle(expired.map(({ key }) => ({ key, state: 'in-doubt', errors: [noAnswer], at })));
  return waiting.filter((entry) => !expired.includes(entry));
}

function isExpired({ way, sentAt }: Pick<OutboxEntry, 'way' | 'sentAt'>, at: number): boolean {
  return way === 'ui-api' && sentAt !== null && at - sentAt > idempotencyMs;
}

/**
 * We hold the drain lock, so whatever is `sent` lost its process before the answer came. Where a repeat is
 * safe it waits again; a create in a collection stays in doubt until it is settled.
 */
async function recover(context: SyncContext): Promise<void> {
  const { mirror, clock } = context;
  const { outbox } = mirror;
  const entries = await outbox.list({ states: ['sent', 'in-doubt'] });
  const at = clock.now();
  const settlements: Settlement[] = [];
  for (const { key, op, way, sentAt, errors, state } of entries) {
    if (isRepeatable({ op, way }) && !isExpired({ way, sentAt }, at))
      settlements.push({ key, state: 'pending', errors, at });
    else if (state === 'sent') settlements.push({ key, state: 'in-doubt', errors: [noAnswer], at });
  }
  const repeated = new Set(settlements.filter(({ state }) => state === 'pending').map(({ key }) => key));
  tellDoubts(
    context,
    entries.map(({ key }) => key).filter((key) => !repeated.has(key)),
  );
  if (settlements.length > 0) await outbox.settle(settlements);
}

/** The entries in doubt that were told last. A watch drains each cycle, and people need to hear of each change once. */
const toldDoubts = new WeakMap<SyncContext, string>();

function tellDoubts(context: SyncContext, keys: readonly string[]): void {
  const doubts = keys.toSorted().join(' ');
  if (doubts === (toldDoubts.get(context) ?? '')) return;
  toldDoubts.set(context, doubts);
  if (keys.length === 0) return;
  context.log.warn(
    `${context.remote.instanceUrl}: ${keys.length} contacts were sent and their answer never came; they stay in doubt and are not sent again`,
  );
}

const noAnswer: RecordError = {
  code: 'IN_DOUBT',
  message: 'The request was sent and its answer never came; the contact may exist in Salesforce.',
  fields: [],
};

async function settle(
  context: SyncContext,
  request: PlannedRequest,
  progress: DrainProgress,
  options: DrainOptions,
): Promise<void> {
  const { mirror, clock } = context;
  let outcomes: WriteOutcome[] = [];
  let sent = request;
  // An earlier sending may have done its work.
  let mayExist = request.entries.some(({ sentAt }) => sentAt !== null);
  for (let attempt = 0; ; attempt++) {
    if (sent.way === 'ui-api' && !progress.idempotent) {
      // Only the key could tell whether the contact exists, and the org does not take it (any more).
      if (mayExist) {
        outcomes = [{ kind: 'unknown', error: keyRefused() }];
        break;
      }
      sent = { ...sent, way: 'collection' };
    }
    const keys = sent.entries.map(({ key }) => key);
    if (attempt > 0) {
      const at = clock.now();
      await mirror.outbox.settle(
        keys.map((key) => ({ key, state: 'pending', errors: [], at, unsent: !mayExist })),
      );
    }
    await mirror.outbox.markSent(keys, sent.way, clock.now());
    const answer = await sendRequest(context.remote, sent);
    if (answer === 'unsupported') {
      progress.idempotent = false;
      continue;
    }
    outcomes = answer;
    const unknown = outcomes.some(({ kind }) => kind === 'unknown');
    const repeatable = sent.entries.every(({ op }) => isRepeatable({ op, way: sent.way }));
    mayExist ||= unknown;
    // Where the request before was lost too, the next drain repeats this one: the stop shall not take long.
    const repeats = progress.doubtsInRow === 0 ? maxRepeats : 0;
    if (!unknown || !repeatable || attempt >= repeats || options.signal.aborted) break;
    await clock
      .sleep(backoffMs(attempt, { baseMs: 500, maxMs: 8_000 }), { signal: options.signal })
      .catch(() => {});
  }
  const settlements = sent.entries.map((entry, i) => settlementOf(entry, outcomes[i], mayExist, clock.now()));
  await mirror.outbox.settle(settlements);
  count(options.run, sent.entries, settlements);
  options.onSettled?.(settlements.filter(({ state }) => state === 'done' || state === 'rejected').length);
  noteDoubt(progress, sent, outcomes);
  const stop = outcomes.find(({ kind }) => kind === 'not-done' || kind === 'unknown');
  if (stop === undefined || !('error' in stop)) return;
  if (stop.kind === 'not-done' && stop.ofRecord !== true) throw stop.error;
  progress.stuck.add(
    sent.entries.filter((_, i) => ['not-done', 'unknown'].includes(outcomes[i]?.kind ?? 'unknown')),
    stop.error,
  );
}

/** Counts lost answers in a row; throws the last one's error where they tell that the org is out of reach. */
function noteDoubt(
  progress: DrainProgress,
  { entries, way }: PlannedRequest,
  outcomes: readonly WriteOutcome[],
): void {
  const lost = outcomes.find((outcome) => outcome.kind === 'unknown' && !isOfRecords(outcome.error));
  progress.doubtsInRow = lost === undefined ? 0 : progress.doubtsInRow + 1;
  const repeatable = entries.every(({ op }) => isRepeatable({ op, way }));
  const limit = repeatable ? maxDoubtsInRow.repeatable : maxDoubtsInRow.other;
  if (lost?.kind === 'unknown' && progress.doubtsInRow >= limit) throw lost.error;
}

function settlementOf(
  entry: OutboxEntry,
  outcome: WriteOutcome | undefined,
  mayExist: boolean,
  at: number,
): Settlement {
  const { key } = entry;
  if (outcome === undefined) return { key, state: 'in-doubt', errors: [noAnswer], at };
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

/** An error that Salesforce has with these records, a locked row for one; all others would meet it again at once. */
function isOfRecords(error: Error): boolean {
  return isAppError(error, 'SALESFORCE_ERROR', 'REFUSED_FOR_NOW', 'IN_DOUBT');
}

function keyRefused(): AppError {
  return new AppError('IN_DOUBT', 'The org does not take the Idempotency-Key that a contact was sent with.', {
    hint: 'Look in Salesforce whether the contact is there; `outbox retry --in-doubt` sends it again, `outbox drop` gives it up.',
  });
}

function errorOf(error: Error): RecordError {
  return {
    code: error instanceof AppError ? error.code : 'UNEXPECTED_ERROR',
    message: error.message,
    fields: [],
  };
}

function count(run: RunRecorder, entries: readonly OutboxEntry[], settlements: readonly Settlement[]): void {
  for (const [i, settlement] of settlements.entries()) {
    if (settlement.state === 'done') {
      const { op } = entries[i]!;
      run.count('pushed', 1);
      run.count(settlement.created ? 'created' : op === 'delete' ? 'removed' : 'changed', 1);
    } else if (settlement.state === 'rejected') run.count('rejected', 1);
    else if (settlement.state === 'in-doubt') run.count('inDoubt', 1);
  }
}
