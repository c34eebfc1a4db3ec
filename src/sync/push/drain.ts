import { throwIfAborted } from '../../base/abort.ts';
import { backoffMs } from '../../base/backoff.ts';
import { AppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { OutboxEntry, Settlement } from '../ports/outbox.ts';
import type { RecordError, WriteOutcome } from '../ports/remote.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { isRepeatable, type PlannedRequest, planRequests } from './plan-requests.ts';
import { readBack } from './read-back.ts';
import { sendRequest } from './send-request.ts';

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
  const support = { idempotent: true };
  for (;;) {
    const waiting = await outbox.list({ states: ['pending'], limit: entriesPerPass });
    if (waiting.length === 0) break;
    for (const request of planRequests(waiting, support.idempotent)) {
      throwIfAborted(options.signal);
      await settle(context, request, support, options);
    }
  }
  await readBack(context, options);
}

/**
 * We hold the drain lock, so whatever is `sent` lost its process before the answer came. Where a repeat is
 * safe it waits again; a create in a collection stays in doubt until it is settled.
 */
async function recover({ mirror, clock, log }: SyncContext): Promise<void> {
  const { outbox } = mirror;
  const entries = await outbox.list({ states: ['sent', 'in-doubt'] });
  const at = clock.now();
  const settlements: Settlement[] = [];
  for (const { key, op, way, sentAt, errors, state } of entries) {
    const expired = way === 'ui-api' && sentAt !== null && at - sentAt > idempotencyMs;
    if (isRepeatable({ op, way }) && !expired) settlements.push({ key, state: 'pending', errors, at });
    else if (state === 'sent') settlements.push({ key, state: 'in-doubt', errors: [noAnswer], at });
  }
  const doubtful = entries.length - settlements.filter(({ state }) => state === 'pending').length;
  if (doubtful > 0) {
    log.warn(
      `${doubtful} contacts were sent and their answer never came; they stay in doubt and are not sent again`,
    );
  }
  if (settlements.length > 0) await outbox.settle(settlements);
}

const noAnswer: RecordError = {
  code: 'IN_DOUBT',
  message: 'The request was sent and its answer never came; the contact may exist in Salesforce.',
  fields: [],
};

async function settle(
  context: SyncContext,
  request: PlannedRequest,
  support: { idempotent: boolean },
  options: DrainOptions,
): Promise<void> {
  const { mirror, clock } = context;
  let outcomes: WriteOutcome[] = [];
  let sent = request;
  for (let attempt = 0; ; attempt++) {
    if (sent.way === 'ui-api' && !support.idempotent) sent = { ...sent, way: 'collection' };
    const keys = sent.entries.map(({ key }) => key);
    if (attempt > 0)
      await mirror.outbox.settle(keys.map((key) => ({ key, state: 'pending', errors: [], at: clock.now() })));
    await mirror.outbox.markSent(keys, sent.way, clock.now());
    const answer = await sendRequest(context.remote, sent);
    if (answer === 'unsupported') {
      support.idempotent = false;
      continue;
    }
    outcomes = answer;
    const unknown = outcomes.some(({ kind }) => kind === 'unknown');
    const repeatable = sent.entries.every(({ op }) => isRepeatable({ op, way: sent.way }));
    if (!unknown || !repeatable || attempt >= maxRepeats || options.signal.aborted) break;
    await clock
      .sleep(backoffMs(attempt, { baseMs: 500, maxMs: 8_000 }), { signal: options.signal })
      .catch(() => {});
  }
  const settlements = sent.entries.map((entry, i) => settlementOf(entry, outcomes[i], clock.now()));
  await mirror.outbox.settle(settlements);
  count(options.run, sent.entries, settlements);
  options.onSettled?.(settlements.filter(({ state }) => state === 'done' || state === 'rejected').length);
  const stop = outcomes.find(({ kind }) => kind === 'not-done' || kind === 'unknown');
  if (stop !== undefined && 'error' in stop) throw stop.error;
}

function settlementOf(entry: OutboxEntry, outcome: WriteOutcome | undefined, at: number): Settlement {
  const { key } = entry;
  if (outcome === undefined) return { key, state: 'in-doubt', errors: [noAnswer], at };
  switch (outcome.kind) {
    case 'done':
      return { key, state: 'done', contactId: outcome.id, at };
    case 'refused': {
      // A repeated delete finds the contact deleted: that is what was wanted.
      const gone = entry.op === 'delete' && outcome.errors.some(({ code }) => code === 'ENTITY_IS_DELETED');
      if (gone && entry.contactId !== null) return { key, state: 'done', contactId: entry.contactId, at };
      return { key, state: 'rejected', errors: outcome.errors, at };
    }
    case 'not-done':
      return { key, state: 'pending', errors: [errorOf(outcome.error)], at };
    case 'unknown':
      return { key, state: 'in-doubt', errors: [errorOf(outcome.error), noAnswer], at };
  }
}

function errorOf(error: Error): RecordError {
  return {
    code: error instanceof AppError ? error.code : 'UNEXPECTED_ERROR',
    message: error.message,
    fields: [],
  };
}

function count(run: RunRecorder, entries: readonly OutboxEntry[], settlements: readonly Settlement[]): void {
  for (const [i, { state }] of settlements.entries()) {
    if (state === 'done') {
      run.count('pushed', 1);
      run.count(({ create: 'created', update: 'changed', delete: 'removed' } as const)[entries[i]!.op], 1);
    } else if (state === 'rejected') run.count('rejected', 1);
    else if (state === 'in-doubt') run.count('inDoubt', 1);
  }
}
