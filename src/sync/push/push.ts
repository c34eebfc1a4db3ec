import { randomUUID } from 'node:crypto';
import { isAbort } from '../../base/abort.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { Field } from '../ports/field.ts';
import type { NewOutboxEntry, OutboxEntry } from '../ports/outbox.ts';
import { RunRecorder } from '../run-recorder.ts';
import { drainOutbox } from './drain.ts';
import { collectionRows } from './plan-requests.ts';
import { type PlannedEntry, type PushRecord, validateRecords } from './validate.ts';

export interface PushJob {
  records: readonly PushRecord[];
  upsertField: string | null;
  dryRun: boolean;
  queue: boolean;
  allOrNone: boolean;
  allowDuplicates: boolean;
  withDrainLock: <T>(work: () => Promise<T>) => Promise<T>;
  signal: AbortSignal;
}

export interface PushReport {
  /** In the order of the input; the entry is null in a dry run. */
  entries: { record: PushRecord; entry: OutboxEntry | null }[];
  runId: string | null;
  /** Why sending ended before everything was sent; null where it did not. */
  stopped: unknown;
}

/** More deletes than this at once, or edits of more than a tenth of the mirror, wait for a person's word. */
const heldAboveDeletes = 100;
const heldAboveEdits = 100;
const heldAboveShare = 0.1;

/**
 * Validates all records against describe (any fault: INVALID_INPUT with all faults, nothing stored or sent),
 * puts them into the outbox in one transaction, sends what waits, and tells what became of each.
 */
export async function push(context: SyncContext, job: PushJob): Promise<PushReport> {
  const { mirror, clock } = context;
  if (job.allOrNone && job.records.length > collectionRows) {
    throw new AppError(
      'INVALID_INPUT',
      `--all-or-none takes at most ${collectionRows} records and got ${job.records.length}.`,
      {
        hint: 'Salesforce commits at most 200 records as one: push fewer at a time, or without --all-or-none.',
      },
    );
  }
  const fields = await describeForPush(context, job);
  const { planned, faults } = validateRecords(job.records, fields, {
    upsert: job.upsertField,
    allowDuplicates: job.allowDuplicates,
    atomicGroup: job.allOrNone ? randomUUID() : null,
    now: clock.now(),
  });
  if (job.allOrNone && new Set(planned.map(({ entry }) => entry.op)).size > 1) {
    throw new AppError('INVALID_INPUT', '--all-or-none takes creates, updates or deletes, not a mixture.', {
      hint: 'Push them in separate calls.',
    });
  }
  if (faults.length > 0) {
    const records = new Set(faults.map(({ source, index }) => `${source}\n${index}`)).size;
    throw new AppError(
      'INVALID_INPUT',
      `${records} of ${job.records.length} ${records === 1 ? 'records is' : 'records are'} not valid; nothing was sent.`,
      {
        hint: 'Mend the places named and push again.',
        details: { faults },
      },
    );
  }
  if (job.dryRun) {
    return { entries: planned.map(({ record }) => ({ record, entry: null })), runId: null, stopped: null };
  }
  await mirror.outbox.add(await withBrake(context, planned));
  if (job.queue || planned.length === 0) return report(context, planned, null, null);

  const run = await RunRecorder.start(context, 'push', {});
  let stopped: unknown = null;
  let settled = 0;
  try {
    await run.step('push', () =>
      drainOutbox(context, {
        run,
        withLock: job.withDrainLock,
        signal: job.signal,
        onSettled: (count) => {
          settled += count;
          context.onEvent({
            type: 'push:progress',
            instanceUrl: context.remote.instanceUrl,
            settled: Math.min(settled, planned.length),
            total: planned.length,
          });
        },
      }),
    );
    await run.complete();
  } catch (error) {
    stopped = error;
    await run.fail(error);
    // A login or a broken mirror concerns the whole call; what waits is told by `outbox list`.
    if (!isAbort(error) && !isAppError(error)) throw error;
  }
  return report(context, planned, run.id, stopped);
}

/**
 * All fields of the org, those that the mirror leaves out included. What is only queued may be checked against
 * the describe of the mirror, where the org cannot be asked now.
 */
async function describeForPush(
  { clock, log, mirror, remote }: SyncContext,
  { queue, signal }: PushJob,
): Promise<readonly Field[]> {
  try {
    const describe = await remote.describeContact({ signal });
    if (describe === 'not-modified') return await mirror.fields();
    await mirror.applyDescribe(describe, clock.now());
    return describe.fields;
  } catch (error) {
    const later = isAppError(
      error,
      'NETWORK_UNREACHABLE',
      'ORG_UNAVAILABLE',
      'TIMEOUT',
      'REQUEST_LIMIT_EXCEEDED',
    );
    const stored = queue && later ? await mirror.fields() : [];
    if (stored.length === 0) throw error;
    log.warn('the org cannot be asked now; the records are checked against the fields it had last');
    return stored;
  }
}

async function withBrake(
  { mirror, log }: SyncContext,
  planned: readonly PlannedEntry[],
): Promise<NewOutboxEntry[]> {
  const deletes = planned.filter(({ entry }) => entry.op === 'delete').length;
  const edits = planned.filter(({ entry }) => entry.op === 'update').length;
  const { contacts } = await mirror.counts();
  const holdDeletes = deletes > heldAboveDeletes;
  const holdEdits = edits > Math.max(heldAboveEdits, contacts * heldAboveShare);
  if (holdDeletes || holdEdits) {
    log.warn(
      `${holdDeletes ? deletes : edits} ${holdDeletes ? 'deletes' : 'edits'} at once are held until \`outbox approve\``,
    );
  }
  return planned.map(({ entry }) => ({
    ...entry,
    state:
      (entry.op === 'delete' && holdDeletes) || (entry.op === 'update' && holdEdits) ? 'held' : 'pending',
  }));
}

async function report(
  { mirror }: SyncContext,
  planned: readonly PlannedEntry[],
  runId: string | null,
  stopped: unknown,
): Promise<PushReport> {
  const stored = await mirror.outbox.list({ keys: planned.map(({ entry }) => entry.key) });
  const byKey = new Map(stored.map((entry) => [entry.key, entry]));
  return {
    entries: planned.map(({ record, entry }) => ({ record, entry: byKey.get(entry.key) ?? null })),
    runId,
    stopped,
  };
}
