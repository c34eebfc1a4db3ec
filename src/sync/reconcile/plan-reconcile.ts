import { AppError } from '../../base/errors.ts';
import { chooseApi } from '../backfill/choose-api.ts';
import { defaultConcurrency } from '../backfill/default-concurrency.ts';
import { planSpans } from '../backfill/plan-spans.ts';
import { restChunk } from '../backfill/rest-chunks.ts';
import { bulkSpanChunk } from '../backfill/start-job.ts';
import type { SyncContext } from '../context.ts';
import type { ReconcileCause } from '../events.ts';
import type { Journal } from '../ports/journal.ts';
import type { Run } from '../ports/run.ts';
import { findSafeStart } from '../safe-start.ts';
import { refreshSchema } from '../schema.ts';
import { withinRun } from '../with-run.ts';
import { newReconcileState, type ReconcileState } from './reconcile-state.ts';
import { type ReconcileRequest, resumableReconcile } from './resumable-reconcile.ts';
import { sweptFields } from './swept-fields.ts';
import { workedMs } from './worked-ms.ts';

export interface PlanReconcileOptions {
  cause: ReconcileCause;
  /** Why it is made, for people. */
  why: string;
  dryRun: boolean;
  /** Whatever lies interrupted is gone on with where there is none. */
  request?: ReconcileRequest | null;
  /** API calls that this tool may still make today; null where that is not known. */
  callsLeft?: () => Promise<number | null>;
  /** After how long so many more fit into the share, ms; null where that is not known, or never. */
  fitsAfterMs?: (calls: number) => Promise<number | null>;
  signal: AbortSignal;
}

export interface PlannedReconcile {
  runId: string;
  state: ReconcileState;
  /** It goes on with one that was interrupted. */
  isResumed: boolean;
  /** See `BegunReconcile`. */
  isFormer: boolean;
  /** What that one took, as far as it was stored. */
  before: { apiCalls: number; workedMs: number };
}

/**
 * Decides all that a reconcile keeps (T0, the API, its spans) and stores it, or goes on with one that was interrupted.
 * Describe is asked in full. Throws `NOT_BACKFILLED` in a mirror without a complete first copy.
 */
export async function planReconcile(
  context: SyncContext,
  options: PlanReconcileOptions,
): Promise<PlannedReconcile> {
  const { dryRun, request, signal } = options;
  const { mirror, remote, clock } = context;
  const callsAtStart = remote.usage.sent();
  const { updated, deleted } = await mirror.journal.cursors();
  if (updated === null || deleted === null) {
    throw new AppError('NOT_BACKFILLED', 'This org has not had its first full copy yet.', {
      hint: 'Run `parahack-sync backfill` first.',
    });
  }
  const { userId } = await remote.identity({ signal });
  const begun = await resumableReconcile(context, { dryRun, userId, request, signal });
  const before = await taken(mirror.journal, begun?.run ?? null);
  await refreshSchema(context, { force: true, signal });
  const state = begun?.state ?? (await decide(context, userId, options));
  const runId = begun?.run.id ?? (await mirror.journal.startRun('reconcile', clock.now(), state));
  await withinRun(
    context,
    runId,
    async (run) => {
      if (state.planned) return;
      await run.step('plan', async (note) => {
        note(`The whole org is compared: ${state.why}.`);
        await plan(context, runId, state, signal);
      });
    },
    { callsAtStart },
  );
  const isFormer = begun?.isFormer ?? false;
  return { runId, state: { ...state, planned: true }, isResumed: begun !== null, isFormer, before };
}

/** The time between an interruption and the next try is no work. */
async function taken(
  journal: Pick<Journal, 'steps'>,
  run: Pick<Run, 'id' | 'apiCalls'> | null,
): Promise<PlannedReconcile['before']> {
  if (run === null) return { apiCalls: 0, workedMs: 0 };
  return { apiCalls: run.apiCalls, workedMs: workedMs(await journal.steps(run.id)) };
}

async function decide(
  context: SyncContext,
  userId: string,
  { cause, why, dryRun, request, callsLeft = async () => null, fitsAfterMs, signal }: PlanReconcileOptions,
): Promise<ReconcileState> {
  const { mirror, remote, records } = context;
  const t0 = await findSafeStart(context, { signal });
  const { contacts: live } = await mirror.contacts.counts();
  const total = await records.count(null, { signal });
  const fields = await sweptFields(context, { api: 'rest', dryRun });
  const { api } = await chooseApi(context, {
    asked: 'auto',
    work: 'Comparing',
    total,
    fields,
    callsLeft: await callsLeft(),
    fitsAfterMs,
    signal,
  });
  return newReconcileState({
    cause,
    why,
    dryRun,
    userId,
    t0,
    begunAt: remote.clock.now(),
    api,
    total,
    live,
    requestId: request?.id ?? null,
  });
}

async function plan(
  context: SyncContext,
  runId: string,
  { api, total, live }: ReconcileState,
  signal: AbortSignal,
): Promise<void> {
  const target =
    api === 'bulk'
      ? context.sizes.bulkSpanRows
      : Math.max(3 * context.sizes.keyPageRows, Math.ceil(total / (3 * defaultConcurrency.rest)));
  const spans = await planSpans(context, { total, target, signal });
  const by = spans.map((span) => (api === 'bulk' ? bulkSpanChunk(span) : restChunk(span)));
  const counts = { orgContacts: total, mirrorContacts: live };
  await context.mirror.commit({
    effects: [
      { kind: 'begin-sweep' },
      { kind: 'replace-chunks', runId, ids: [], by },
      { kind: 'count-run', runId, delta: { counts, apiCalls: 0 } },
      { kind: 'patch-run-state', runId, patch: { planned: true } },
    ],
  });
}
