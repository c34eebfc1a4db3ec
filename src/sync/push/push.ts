import { randomUUID } from 'node:crypto';
import { isAbort, throwIfAborted } from '../../base/abort.ts';
import { CloseStack } from '../../base/close-stack.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { withFinally } from '../../base/finally.ts';
import type { SyncContext } from '../context.ts';
import type { Field } from '../ports/field.ts';
import type { Lease } from '../ports/leases.ts';
import type { SendApi } from '../ports/outbox-entry.ts';
import type { OutboxStaging, OutcomeTally, Resumption, StagingCounts } from '../ports/outbox-staging.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withRun } from '../with-run.ts';
import { RecordChecker } from './check/check-records.ts';
import { Columns, type DescribeObject } from './check/columns.ts';
import type { IgnoredColumn } from './check/ignored-columns.ts';
import { Parents } from './check/parents.ts';
import type { PushRecord } from './check/push-record.ts';
import { upsertFieldOf } from './check/upsert-field.ts';
import { drainOutbox } from './drain.ts';
import type { Undecided } from './entry/blocked-contacts.ts';
import { outgoingBrake, tellHeld } from './plan/outgoing-brake.ts';
import { type PushPlan, planPush } from './plan/plan-push.ts';
import { collectionRows } from './plan/plan-requests.ts';
import { ambiguousNumber, type DecimalMark } from './values/number-forms.ts';

export interface PushJob {
  /** In the order of the input; any number, at most some thousand a batch. */
  records: AsyncIterable<readonly PushRecord[]>;
  upsertField: string | null;
  dryRun: boolean;
  queue: boolean;
  allOrNone: boolean;
  allowDuplicates: boolean;
  /** By what the records are to go; `auto`: as their number suggests. */
  api: 'auto' | SendApi;
  ignoreUnknown: boolean;
  ignoreReadOnly: boolean;
  allowMixed: boolean;
  /** Take texts in which a character was lost (U+FFFD) as they are. */
  allowDamaged: boolean;
  /** How numbers are written in texts; null where the user has not said. */
  decimal: DecimalMark | null;
  /** Do not go on with an equal push that did not end. */
  fresh: boolean;
  /** Keep each record as it was given, so that `staging.rejects()` can give it back. */
  keepGiven: boolean;
  withDrainLease: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  signal: AbortSignal;
}

export interface PushReport extends AsyncDisposable {
  /** Where `isTold` is false, the disposal does not end the push: nobody knows yet what became of it. */
  telling: { isTold: boolean };
  /** What became of each record, to be read in pages until the report is disposed. */
  staging: OutboxStaging;
  counts: StagingCounts;
  ignored: IgnoredColumn[];
  /** `invalid`: some record has a fault, so nothing was stored or sent. */
  kind: 'invalid' | 'checked' | 'queued' | 'sent';
  /** How the records would be sent, of a dry run. */
  plan: PushPlan | null;
  /** How many records have come to what when this ended. */
  tally: OutcomeTally[];
  /** When the equal push that this one goes on with was begun, ms; null where it is a new one. */
  resumedFrom: number | null;
  /** Open entries of others in the outbox. */
  olderEntries: number;
  runId: string | null;
  /** Records that wait until a person decides about an earlier change of their contact, by that one's state. */
  behind: Record<Undecided, number>;
  /** Why sending ended before everything was sent; null where it did not. */
  stopped: unknown;
}

/**
 * For so long the same records are the same push: whoever tries again does so within a day, and nobody who has been
 * told the end is meant.
 */
const resumableMs = 86_400_000;

/**
 * Checks all records against describe; where none has a fault, they become entries of the outbox in one
 * transaction, what waits there is sent, and the report tells what became of each. Whatever ends this before that
 * transaction leaves nothing behind. The caller disposes the report.
 */
export function push(context: SyncContext, job: PushJob): Promise<PushReport> {
  return CloseStack.opening(async (opened) =>
    pushThrough(context, job, opened.use(await context.mirror.outbox.openStaging())),
  );
}

async function pushThrough(context: SyncContext, job: PushJob, staging: OutboxStaging): Promise<PushReport> {
  refuseForJob(job);
  const sentBefore = context.remote.usage.sent();
  const ignored = await takeIn(context, job, staging);
  const counts = await staging.counts();
  const telling = { isTold: true };
  const report: PushReport = {
    telling,
    staging,
    counts,
    ignored,
    kind: 'invalid',
    plan: null,
    tally: [],
    resumedFrom: null,
    olderEntries: 0,
    runId: null,
    behind: { conflict: 0, held: 0, 'in-doubt': 0 },
    stopped: null,
    [Symbol.asyncDispose]: () => staging[Symbol.asyncDispose](),
  };
  if (counts.faults > 0) return report;
  if (
    job.allOrNone &&
    [counts.creates, counts.updates, counts.deletes, counts.upserts].filter(Boolean).length > 1
  ) {
    throw new AppError('INVALID_INPUT', '--all-or-none takes creates, updates or deletes, not a mixture.', {
      hint: 'Push them in separate calls.',
    });
  }
  if (job.dryRun) {
    const tally = await staging.tally();
    const draft = await staging.draft(outgoingBrake, resumption(context, job), chosenApi(job));
    const checks = context.remote.usage.sent() - sentBefore;
    const plan = await planPush(context, draft, { checks });
    return { ...report, kind: 'checked', tally, plan, resumedFrom: draft.resumedFrom };
  }
  throwIfAborted(job.signal);
  report.resumedFrom = await commit(context, staging, job);
  if (job.queue || counts.records === 0) {
    return { ...report, kind: 'queued', tally: await staging.tally(), ...endingWith(staging, telling) };
  }
  const sent = await send(context, job, staging, counts.records);
  const tally = await staging.tally();
  const ending = isUnderWay(tally) ? {} : endingWith(staging, telling);
  const older = await olderEntries(context, tally);
  return { ...report, kind: 'sent', ...sent, tally, ...ending, olderEntries: older };
}

/**
 * The report's disposal ends the push: whoever asked has been told by then. Until then the same records, pushed again
 * by a script that met exit 5 or by one whose process was killed, are this push, and nothing of it is sent twice.
 */
function endingWith(staging: OutboxStaging, telling: PushReport['telling']): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () =>
      withFinally(
        async () => {
          if (telling.isTold) await staging.end();
        },
        async () => staging[Symbol.asyncDispose](),
      ),
  };
}

/** Whether some entry is not settled: it has no answer yet, or waits for a person. */
function isUnderWay(tally: readonly OutcomeTally[]): boolean {
  const waiting = ['pending', 'sent', 'in-doubt', 'conflict', 'held'];
  return tally.some(({ state }) => state !== null && waiting.includes(state));
}

/** Reads, checks and stages the input; returns what was left out of it. */
async function takeIn(context: SyncContext, job: PushJob, staging: OutboxStaging): Promise<IgnoredColumn[]> {
  const { signal } = job;
  const fields = await describeForPush(context, job);
  const upsert = job.upsertField === null ? null : upsertFieldOf(job.upsertField, fields);
  const { object, remote, clock } = context;
  const checker = new RecordChecker(
    fields,
    new Columns(context.object, fields, describedOnce(context, signal)),
    new Parents(remote.queries, object.name),
    {
      object,
      upsert,
      allowDuplicates: job.allowDuplicates,
      byJob: job.api === 'bulk',
      ignoreUnknown: job.ignoreUnknown,
      ignoreReadOnly: job.ignoreReadOnly,
      allowDamaged: job.allowDamaged,
      decimal: job.decimal,
      atomicGroup: job.allOrNone ? randomUUID() : null,
      keepGiven: job.keepGiven,
      now: clock.now(),
    },
  );
  let records = 0;
  for await (const batch of job.records) {
    throwIfAborted(signal);
    records += batch.length;
    if (job.allOrNone && records > collectionRows) throw tooManyForOne();
    await staging.add(await checker.check(batch, { signal }));
  }
  for (const source of checker.numbers.settled()) await staging.withdraw(source, ambiguousNumber);
  if (!job.allowMixed) {
    const message = 'The record has no Id, while others of its input have one: it would be made anew.';
    await staging.refuseMixed({ field: 'Id', code: 'ID_MISSING', message });
  }
  if (upsert !== null) {
    const message = `${upsert.name} "%s" stands in the input twice.`;
    await staging.refuseRepeated({ field: upsert.name, code: 'DUPLICATE_VALUE', message });
  }
  return checker.ignored.list();
}

/** What Salesforce has for single requests only. */
function refuseForJob({ api, allOrNone, allowDuplicates }: PushJob): void {
  if (api !== 'bulk' || (!allOrNone && !allowDuplicates)) return;
  const what = allOrNone
    ? ['commits each of its records on its own', '--all-or-none']
    : ["cannot pass by the org's duplicate rules", '--allow-duplicates'];
  throw new AppError(
    'INVALID_INPUT',
    `A bulk ingest job ${what[0]}: --api bulk and ${what[1]} exclude each other.`,
    {
      hint: `Push with --api collections, or without ${what[1]}.`,
    },
  );
}

function tooManyForOne(): AppError {
  return new AppError('INVALID_INPUT', `--all-or-none takes at most ${collectionRows} records.`, {
    hint: 'Salesforce commits at most 200 records as one: push fewer at a time, or without --all-or-none.',
  });
}

/** A parent's fields are asked for once a push. */
function describedOnce({ remote }: Pick<SyncContext, 'remote'>, signal: AbortSignal): DescribeObject {
  const described = new Map<string, Promise<readonly Field[] | null>>();
  return (object) => {
    const asked = described.get(object) ?? remote.queries.fieldsOf(object, { signal });
    described.set(object, asked);
    return asked;
  };
}

async function commit(
  context: Pick<SyncContext, 'clock' | 'log'>,
  staging: OutboxStaging,
  job: PushJob,
): Promise<number | null> {
  const { resumedFrom, ...held } = await staging.commit(
    outgoingBrake,
    resumption(context, job),
    chosenApi(job),
  );
  tellHeld(context.log, held);
  return resumedFrom;
}

function resumption({ clock }: Pick<SyncContext, 'clock'>, { fresh }: PushJob): Resumption {
  const now = clock.now();
  return { now, since: fresh ? null : now - resumableMs };
}

function chosenApi({ api }: PushJob): SendApi | null {
  return api === 'auto' ? null : api;
}

async function send(
  context: SyncContext,
  job: PushJob,
  staging: OutboxStaging,
  total: number,
): Promise<Pick<PushReport, 'runId' | 'stopped' | 'behind'>> {
  const behind = { conflict: 0, held: 0, 'in-doubt': 0 };
  let runId: string | null = null;
  const drain = async (run: RunRecorder) => {
    runId = run.id;
    let settled = settledOf(await staging.tally());
    let older = 0;
    const drained = await run.step('push', () =>
      drainOutbox(context, {
        run,
        withLease: job.withDrainLease,
        signal: job.signal,
        async onSettled(keys) {
          const own = await staging.countOwn(keys);
          settled += own;
          older += keys.length - own;
          const { instanceUrl } = context.remote;
          context.onEvent({ type: 'push:progress', instanceUrl, settled, total, older });
        },
      }),
    );
    for (const state of ['conflict', 'held', 'in-doubt'] as const)
      behind[state] = await staging.countOwn(drained.behind[state]);
    const stopped = drained.stopped ?? drained.stuck;
    if (stopped !== null) throw stopped;
  };
  try {
    await withRun(context, 'push', drain);
    return { runId, behind, stopped: null };
  } catch (error) {
    // A login or a broken mirror concerns the whole call; what waits is told by `outbox list`.
    if (runId === null || (!isAbort(error) && !isAppError(error))) throw error;
    return { runId, behind, stopped: error };
  }
}

/** More than none where the push goes on with one that was begun before. */
function settledOf(tally: readonly OutcomeTally[]): number {
  const settled = tally.filter(({ state }) => state === 'done' || state === 'rejected');
  return settled.reduce((sum, { records }) => sum + records, 0);
}

/** What waits in the outbox besides the entries of this push. */
async function olderEntries(
  { mirror }: Pick<SyncContext, 'mirror'>,
  tally: readonly OutcomeTally[],
): Promise<number> {
  const open = ['pending', 'sent', 'in-doubt', 'held', 'conflict'] as const;
  const counts = await mirror.outbox.counts();
  const all = open.reduce((sum, state) => sum + counts[state], 0);
  const own = tally.filter(({ state }) => open.some((one) => one === state));
  return Math.max(0, all - own.reduce((sum, { records }) => sum + records, 0));
}

/**
 * All fields of the org, those that the mirror leaves out included. What is only queued may be checked against
 * the describe of the mirror, where the org cannot be asked now.
 */
async function describeForPush(
  { clock, log, mirror, records }: Pick<SyncContext, 'clock' | 'log' | 'mirror' | 'records'>,
  { queue, signal }: PushJob,
): Promise<readonly Field[]> {
  try {
    const describe = await records.describe({ signal });
    if (describe === 'not-modified') return await mirror.schema.fields();
    await mirror.schema.applyDescribe(describe, clock.now());
    return describe.fields;
  } catch (error) {
    const later = isAppError(
      error,
      'NETWORK_UNREACHABLE',
      'ORG_UNAVAILABLE',
      'TIMEOUT',
      'REQUEST_LIMIT_EXCEEDED',
      'REFUSED_FOR_NOW',
    );
    const stored = queue && later ? await mirror.schema.fields() : [];
    if (stored.length === 0) throw error;
    log.warn('the org cannot be asked now; the records are checked against the fields it had last');
    return stored;
  }
}
