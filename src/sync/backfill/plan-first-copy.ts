import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import { findSafeStart } from '../safe-start.ts';
import { readableFields, refreshSchema } from '../schema.ts';
import { withinRun } from '../with-run.ts';
import { assertAsBegun } from './assert-as-begun.ts';
import { chooseApi } from './choose-api.ts';
import { type CopyState, newCopyState } from './copy-state.ts';
import { defaultConcurrency } from './default-concurrency.ts';
import { planSpans } from './plan-spans.ts';
import { restChunk } from './rest-chunks.ts';
import { isAfterAnother, resumableCopy } from './resumable-copy.ts';
import { bulkSpanChunk } from './start-job.ts';

export interface PlanOptions {
  api?: 'auto' | BackfillApi;
  /** Requests that will be under way at once, for the size of the spans; by default 12 for REST and 3 for bulk pages. */
  concurrency?: number;
  /** Only these fields become columns (Id, CreatedDate, SystemModstamp, IsDeleted and MasterRecordId always do). */
  fields?: readonly string[];
  /** The mirror is a copy beside another, to be put in its place when it is complete. */
  isBeside?: boolean;
  /** API calls that this tool may still make today; null where that is not known. */
  callsLeft?: () => Promise<number | null>;
  /** After how long so many more fit into the share, ms; null where that is not known, or never. */
  fitsAfterMs?: (calls: number) => Promise<number | null>;
  /** Told as soon as the copy is known to have a run, which is before it is planned or refused. */
  onBegun?: (copy: PlannedCopy) => void;
  signal: AbortSignal;
}

export interface PlannedCopy {
  runId: string;
  api: BackfillApi;
  /** Why this API, for people. */
  reason: string;
  /** COUNT() before the first read. */
  total: number;
  /** It goes on with one that was interrupted. */
  isResumed: boolean;
  /** Records that were read before. */
  rowsBefore: number;
}

/**
 * Decides all that a first copy keeps (the fields, T0, the API, its spans) and stores it, or goes on with one that was
 * interrupted, wherever that was: what was decided then stays. Throws `INVALID_INPUT` where such a one was begun
 * otherwise, `PROGRESS_UNREADABLE` where what it left cannot be read.
 */
export async function planFirstCopy(context: SyncContext, options: PlanOptions): Promise<PlannedCopy> {
  const { signal, onBegun = () => {} } = options;
  const callsAtStart = context.remote.usage.sent();
  const begun = await resumableCopy(context, {
    beside: options.isBeside,
    userId: context.remote.userId,
  });
  let runId: string;
  let state: CopyState;
  if (begun === null) {
    await refreshSchema(context, { force: true, only: options.fields, signal });
    state = await decide(context, options);
    runId = await context.mirror.journal.startRun('backfill', context.clock.now(), state);
  } else {
    runId = begun.run.id;
    state = begun.state;
  }
  const { api, reason, total, planned } = state;
  const rowsBefore = begun?.run.counts.rows ?? 0;
  const copy = { runId, api, reason, total, isResumed: begun !== null, rowsBefore };
  onBegun(copy);
  await overtakeReconcile(context);
  if (begun !== null) assertAsBegun(state, options);
  await withinRun(
    context,
    runId,
    async () => {
      if (begun !== null) await refreshSchema(context, { signal });
      if (!planned) await plan(context, runId, state, options);
    },
    { callsAtStart },
  );
  return copy;
}

/** What the copy reads from now on is not in the sweep of a reconcile that was begun before: that one begins anew. */
async function overtakeReconcile({ mirror }: Pick<SyncContext, 'mirror'>): Promise<void> {
  const [run] = await mirror.journal.runs({ kind: 'reconcile', limit: 1 });
  if (run === undefined || run.status === 'complete') return;
  await mirror.commit({
    effects: [{ kind: 'patch-run-state', runId: run.id, patch: { overtaken: true } }],
  });
}

async function decide(context: SyncContext, options: PlanOptions): Promise<CopyState> {
  const { signal } = options;
  const { mirror, remote } = context;
  const t0 = await findSafeStart(context, { signal });
  const begunAt = remote.clock.now();
  const { contacts, deleted } = await mirror.contacts.counts();
  const total = await context.records.count(null, { signal });
  const fields = await readableFields(context);
  const callsLeft = (await options.callsLeft?.()) ?? null;
  const choice = await chooseApi(context, {
    asked: options.api ?? 'auto',
    total,
    fields,
    callsLeft,
    fitsAfterMs: options.fitsAfterMs,
    signal,
  });
  return newCopyState({
    ...choice,
    t0,
    total,
    fields: options.fields ?? null,
    fromEmpty: contacts + deleted === 0,
    userId: remote.userId,
    begunAt,
    afterAnother: await isAfterAnother(mirror, remote.userId),
  });
}

async function plan(
  context: SyncContext,
  runId: string,
  { api, total }: CopyState,
  { concurrency = defaultConcurrency[api], signal }: PlanOptions,
): Promise<void> {
  const target =
    api === 'bulk'
      ? context.sizes.bulkSpanRows
      : // Three spans a worker balance well; a span below a few pages is only overhead.
        Math.max(3 * context.sizes.keyPageRows, Math.ceil(total / (3 * concurrency)));
  const spans = await planSpans(context, { total, target, signal });
  const by = spans.map((span) => (api === 'bulk' ? bulkSpanChunk(span) : restChunk(span)));
  await context.mirror.commit({
    effects: [
      { kind: 'replace-chunks', runId, ids: [], by },
      { kind: 'patch-run-state', runId, patch: { planned: true } },
    ],
  });
}
