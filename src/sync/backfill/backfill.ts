import { isAbort } from '../../base/abort.ts';
import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import type { RunError } from '../ports/run.ts';
import { runErrorOf } from '../run-recorder.ts';
import { copyTurn } from './copy-turn.ts';
import { type Compared, type CopyBeside, finishFirstCopy } from './finish-first-copy.ts';
import { type PlannedCopy, type PlanOptions, planFirstCopy } from './plan-first-copy.ts';

export interface BackfillOptions extends Omit<PlanOptions, 'isBeside' | 'onBegun'> {
  /** The mirror is a copy beside another, to be put in its place when it is complete. */
  beside?: CopyBeside;
}

export interface BackfillReport {
  instanceUrl: string;
  status: 'complete' | 'interrupted' | 'failed';
  api: BackfillApi | null;
  /** Live records in the mirror; null where it cannot be read. */
  contacts: number | null;
  inserted: number;
  updated: number;
  chunks: number;
  apiCalls: number;
  durationMs: number;
  contactsPerSecond: number;
  runId: string | null;
  resumed: boolean;
  /** COUNT() of both sides after it has caught up; null where it did not come to that. */
  compared: Compared | null;
  error: RunError | null;
  /** What was thrown, for whoever decides on it; null where all is well. */
  failure: unknown;
}

/** The first full copy of an org's records; resumes an interrupted run where there is one. */
export async function backfill(context: SyncContext, options: BackfillOptions): Promise<BackfillReport> {
  const { clock, remote, log } = context;
  const { beside, concurrency, signal } = options;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.usage.sent();
  let begun: PlannedCopy | null = null;
  const onBegun = (copy: PlannedCopy) => {
    begun = copy;
  };
  let compared: Compared | null = null;
  let failure: unknown = null;
  try {
    const copy = await planFirstCopy(context, { ...options, isBeside: beside !== undefined, onBegun });
    const { runId, api, reason, total, isResumed: resumed } = copy;
    const { instanceUrl } = remote;
    context.onEvent({ type: 'backfill:start', instanceUrl, runId, api, reason, total, resumed });
    await copyTurn(context, runId, { until: 'end', concurrency, signal });
    compared = await finishFirstCopy(context, runId, { beside, signal });
  } catch (error) {
    failure = error;
    if (!isAbort(error)) log.debug('backfill failed', { error: String(error) });
  }
  const durationMs = Math.round(clock.monotonicMs() - startedAt);
  return {
    instanceUrl: remote.instanceUrl,
    status: failure === null ? 'complete' : isAbort(failure) ? 'interrupted' : 'failed',
    contacts: await toldOf(failure, async () => (await context.mirror.contacts.counts()).contacts),
    apiCalls: remote.usage.sent() - callsAtStart,
    durationMs,
    compared,
    error: failure === null ? null : runErrorOf(failure),
    failure,
    ...((await toldOf(failure, () => recorded(context, begun, durationMs))) ?? unrecorded(begun)),
  };
}

type Recorded = Pick<
  BackfillReport,
  'api' | 'inserted' | 'updated' | 'chunks' | 'contactsPerSecond' | 'runId' | 'resumed'
>;

/** What the journal tells of the run, whichever processes and turns it was made in. */
async function recorded(
  { mirror: { journal } }: Pick<SyncContext, 'mirror'>,
  begun: PlannedCopy | null,
  durationMs: number,
): Promise<Recorded> {
  const run = begun && (await journal.run(begun.runId));
  if (begun === null || run === null) return unrecorded(begun);
  const { rows = 0, inserted = 0, updated = 0 } = run.counts;
  const perMs = durationMs > 0 ? (rows - begun.rowsBefore) / durationMs : 0;
  return {
    ...unrecorded(begun),
    inserted,
    updated,
    chunks: (await journal.chunks(run.id)).length,
    contactsPerSecond: Math.round(perMs * 1_000),
  };
}

function unrecorded(begun: PlannedCopy | null): Recorded {
  const { api = null, runId = null, isResumed = false } = begun ?? {};
  return { api, runId, resumed: isResumed, inserted: 0, updated: 0, chunks: 0, contactsPerSecond: 0 };
}

/** Null where the mirror that failed cannot even be read: the failure is what is to be told. */
async function toldOf<T>(failure: unknown, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (failure === null) throw error;
    return null;
  }
}

/** Whether the mirror has had its first full copy. */
export async function isBackfilled({ mirror }: Pick<SyncContext, 'mirror'>): Promise<boolean> {
  const { updated, deleted } = await mirror.journal.cursors();
  return updated !== null && deleted !== null;
}
