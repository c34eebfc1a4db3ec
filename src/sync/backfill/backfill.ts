import { isAbort, throwIfAborted } from '../../base/abort.ts';
import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import type { RunError } from '../ports/run.ts';
import { keyPageRows } from '../read/key-page.ts';
import { RunRecorder, runErrorOf } from '../run-recorder.ts';
import { findSafeStart } from '../safe-start.ts';
import { readableFields, refreshSchema, withCurrentFields } from '../schema.ts';
import { assertAsBegun } from './assert-as-begun.ts';
import { bulkSpanRows, planBulkChunks, readBulkChunks } from './bulk-chunks.ts';
import { chooseApi } from './choose-api.ts';
import { closeGap } from './close-gap.ts';
import { confirmUnread } from './confirm-unread.ts';
import { planSpans } from './plan-spans.ts';
import { BackfillProgress } from './progress.ts';
import { readRestChunks, restChunk } from './rest-chunks.ts';
import { type BackfillState, resumableRun } from './resumable-run.ts';

export interface BackfillOptions {
  api?: 'auto' | BackfillApi;
  /** Requests under way at once; by default 12 for REST and 3 for bulk pages. */
  concurrency?: number;
  /** Only these fields become columns (Id, CreatedDate, SystemModstamp, IsDeleted and MasterRecordId always do). */
  fields?: readonly string[];
  /** The mirror is a copy beside another, to be put in its place when it is complete. */
  beside?: CopyBeside;
  /** API calls that this tool may still make today; null where that is not known. */
  callsLeft?: () => number | null;
  signal: AbortSignal;
}

export interface CopyBeside {
  withDrainLock<T>(work: () => Promise<T>): Promise<T>;
  putInPlace(compared: { org: number; mirror: number }): Promise<void>;
}

export interface BackfillReport {
  instanceUrl: string;
  status: 'complete' | 'interrupted' | 'failed';
  api: BackfillApi | null;
  /** Live contacts in the mirror; null where it cannot be read. */
  contacts: number | null;
  inserted: number;
  updated: number;
  chunks: number;
  apiCalls: number;
  durationMs: number;
  contactsPerSecond: number;
  runId: string | null;
  resumed: boolean;
  /** COUNT() of both sides after the closing cycle; null where it did not come to that. */
  compared: { org: number; mirror: number } | null;
  error: RunError | null;
}

const defaultConcurrency: Record<BackfillApi, number> = { rest: 12, bulk: 3 };

/** The first full copy of an org's contacts; resumes an interrupted run where there is one. */
export async function backfill(context: SyncContext, options: BackfillOptions): Promise<BackfillReport> {
  const { clock, mirror, remote, log } = context;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.apiCalls();
  let recorder: RunRecorder | null = null;
  let state: BackfillState | null = null;
  let resumed = false;
  let rowsBefore = 0;
  let chunks = 0;
  let compared: BackfillReport['compared'] = null;
  let progress: BackfillProgress | null = null;
  let failure: unknown = null;
  try {
    const previous = await resumableRun(context, { beside: options.beside !== undefined });
    resumed = previous !== null;
    if (previous === null) {
      await refreshSchema(context, { force: true, only: options.fields, signal: options.signal });
      state = await decide(context, options);
      recorder = await RunRecorder.start(context, 'backfill', state, callsAtStart);
      await plan(context, recorder.id, state, options);
    } else {
      state = previous.state as BackfillState;
      assertAsBegun(state, options);
      await refreshSchema(context, { signal: options.signal });
      recorder = RunRecorder.resume(context, previous);
      rowsBefore = previous.counts.rows ?? 0;
      if (!state.planned) await plan(context, recorder.id, state, options);
    }
    const all = await mirror.journal.chunks(recorder.id);
    const before = all.reduce((sum, { rows }) => sum + rows, 0);
    context.onEvent({
      type: 'backfill:start',
      instanceUrl: remote.instanceUrl,
      runId: recorder.id,
      api: state.api,
      reason: state.reason,
      total: state.total,
      resumed,
    });
    progress = new BackfillProgress(context, recorder, { before, total: state.total });
    progress.chunks = all.length;
    progress.chunksDone = all.filter((chunk) => chunk.state === 'done').length;
    const read = { run: recorder, api: state.api, progress };
    await recorder.step('read', () =>
      withCurrentFields(context, options, () => readChunks(context, read, options)),
    );
    if (state.fromEmpty !== true) await confirmRest(context, recorder, state.t0, options);
    await recorder.step('index', () => mirror.contacts.ensureIndices());
    // The cursors become T0 in the transaction that ends the run, and only in a mirror that had none: an
    // older cursor still knows of deletes that this read cannot show.
    await mirror.commit({
      effects: [
        { kind: 'set-first-cursors', updated: state.t0, deleted: state.t0 },
        {
          kind: 'save-run-state',
          runId: recorder.id,
          state: { ...state, planned: true, closing: true },
        },
        { kind: 'end-run', runId: recorder.id, outcome: recorder.outcome('complete') },
      ],
    });
    compared = await close(context, recorder, state, options);
  } catch (error) {
    failure = error;
    await recordFailure(context, recorder, error);
    if (!isAbort(error)) log.debug('backfill failed', { error: String(error) });
  }
  chunks = progress?.chunks ?? 0;
  const durationMs = Math.round(clock.monotonicMs() - startedAt);
  const rows = (recorder?.counts.rows ?? 0) - rowsBefore;
  return {
    instanceUrl: remote.instanceUrl,
    status: failure === null ? 'complete' : isAbort(failure) ? 'interrupted' : 'failed',
    api: state?.api ?? null,
    contacts: await contactsOf(context, failure),
    inserted: recorder?.counts.inserted ?? 0,
    updated: recorder?.counts.updated ?? 0,
    chunks,
    apiCalls: remote.apiCalls() - callsAtStart,
    durationMs,
    contactsPerSecond: durationMs > 0 ? Math.round((rows * 1000) / durationMs) : 0,
    runId: recorder?.id ?? null,
    resumed,
    compared,
    error: failure === null ? null : runErrorOf(failure),
  };
}

/** Nobody pushes while a copy takes its place: what was pushed before is in it, what comes after goes to it. */
function close(
  context: SyncContext,
  run: RunRecorder,
  state: BackfillState,
  { beside, signal }: BackfillOptions,
): Promise<{ org: number; mirror: number }> {
  const work = async () => {
    const compared = await closeGap(context, run, { exact: beside !== undefined, signal });
    const closed = { ...state, planned: true, closing: false };
    await context.mirror.commit({ effects: [{ kind: 'save-run-state', runId: run.id, state: closed }] });
    await beside?.putInPlace(compared);
    return compared;
  };
  return beside === undefined ? work() : beside.withDrainLock(work);
}

/** Not where all was read and stored, and only the closing cycle failed: that run is complete. */
async function recordFailure(
  { mirror }: SyncContext,
  recorder: RunRecorder | null,
  error: unknown,
): Promise<void> {
  if (recorder === null) return;
  const stored = await mirror.journal.run(recorder.id).catch(() => null);
  if (stored?.status === 'running') await recorder.fail(error);
}

/** Null where the mirror that failed cannot even be counted: the failure is what is to be told. */
async function contactsOf({ mirror }: SyncContext, failure: unknown): Promise<number | null> {
  try {
    return (await mirror.contacts.counts()).contacts;
  } catch (error) {
    if (failure === null) throw error;
    return null;
  }
}

async function decide(context: SyncContext, options: BackfillOptions): Promise<BackfillState> {
  const { signal } = options;
  const t0 = await findSafeStart(context, { signal });
  const { contacts, deleted } = await context.mirror.contacts.counts();
  const total = await context.remote.count(null, { signal });
  const fields = await readableFields(context);
  const callsLeft = options.callsLeft?.() ?? null;
  const choice = await chooseApi(context, { asked: options.api ?? 'auto', total, fields, callsLeft, signal });
  const asked = options.fields ?? null;
  return {
    t0,
    api: choice.api,
    reason: choice.reason,
    total,
    planned: false,
    fields: asked,
    fromEmpty: contacts + deleted === 0,
  };
}

async function plan(
  context: SyncContext,
  runId: string,
  state: BackfillState,
  options: BackfillOptions,
): Promise<void> {
  const { signal } = options;
  const concurrency = options.concurrency ?? defaultConcurrency[state.api];
  const target =
    state.api === 'bulk'
      ? bulkSpanRows
      : // Three spans a worker balance well; a span below a few pages is only overhead.
        Math.max(3 * keyPageRows, Math.ceil(state.total / (3 * concurrency)));
  const spans = await planSpans(context, { total: state.total, target, signal });
  const chunks = state.api === 'bulk' ? planBulkChunks(spans) : spans.map(restChunk);
  const planned: BackfillState = { ...state, planned: true };
  await context.mirror.commit({
    effects: [
      { kind: 'replace-chunks', runId, ids: [], by: chunks },
      { kind: 'save-run-state', runId, state: planned },
    ],
  });
}

async function readChunks(
  context: SyncContext,
  { run, api, progress }: { run: RunRecorder; api: BackfillApi; progress: BackfillProgress },
  { concurrency = defaultConcurrency[api], signal }: BackfillOptions,
): Promise<void> {
  const fields = await readableFields(context);
  const pending = await context.mirror.journal.chunks(run.id, 'pending');
  const options = { runId: run.id, fields, concurrency, progress, signal };
  progress.tell();
  if (api === 'bulk') await readBulkChunks(context, pending, options);
  else await readRestChunks(context, pending, options);
  throwIfAborted(signal);
}

async function confirmRest(
  context: SyncContext,
  run: RunRecorder,
  t0: number,
  { signal }: BackfillOptions,
): Promise<void> {
  await run.step('confirm', (note) =>
    withCurrentFields(context, { signal }, () => confirmUnread(context, { t0, run, note, signal })),
  );
}

/** Whether the mirror has had its first full copy. */
export async function isBackfilled({ mirror }: Pick<SyncContext, 'mirror'>): Promise<boolean> {
  const { updated, deleted } = await mirror.journal.cursors();
  return updated !== null && deleted !== null;
}
