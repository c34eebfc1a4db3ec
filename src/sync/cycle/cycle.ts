import { isAbort } from '../../base/abort.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { failsAlone } from '../fails-alone.ts';
import type { Lease } from '../ports/leases.ts';
import type { OutboxState } from '../ports/outbox-entry.ts';
import { type DrainReport, drainOutbox } from '../push/drain.ts';
import type { Undecided } from '../push/entry/blocked-contacts.ts';
import type { LeftEntries } from '../push/progress/drain-progress.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withRun } from '../with-run.ts';
import { fillNewFields } from './fill-fields.ts';
import { pull } from './pull.ts';

export interface CycleOptions {
  /** Whether the outbox is drained at the end. `withDrainLease` is then required. */
  push: boolean;
  /** May throw `ORG_BUSY` where somebody else is sending: the outbox is then left to that one. */
  withDrainLease?: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  /** How long the push may wait and repeat, so that the next pull is not late for it; a minute unless told. */
  patienceMs?: number;
  /** `CyclePush.left` of an earlier push or cycle, where what that one could not send is to be left alone. */
  leave?: LeftEntries | null;
  /** `CyclePush.noJobs` of an earlier cycle, as long as no ingest job is to be tried. */
  noJobs?: Error | null;
  /** Called with what was sent, or was to be, where the cycle throws all the same: no report tells of it then. */
  onPushed?: (report: PushReport) => void;
  /** Columns that are new are left to the caller. Else they are filled last, and a failure of that is thrown. */
  leavesFill?: boolean;
  signal: AbortSignal;
}

export interface CycleReport {
  runId: string;
  upserted: number;
  deleted: number;
  undeleted: number;
  push: CyclePush;
  /** What the outbox holds now. */
  outbox: Record<OutboxState, number>;
  /** The smaller cursor, ms since 1970. */
  coveredUntil: number;
  apiCalls: number;
  durationMs: number;
}

/** What became of the entries that this cycle was to send. */
export interface CyclePush {
  /** Whether the outbox was looked at: false without `push`, and where somebody else is sending. */
  isTried: boolean;
  pushed: number;
  rejected: number;
  inDoubt: number;
  conflicts: number;
  /** Held by this cycle, as they are much at once; a person approves them. */
  held: number;
  /** Still waiting, those behind them included. */
  unsent: number;
  /**
   * Those of them that wait for nothing but an earlier entry of their contact, by what that one is. They wait so in
   * each cycle, and are no news.
   */
  behind: Readonly<Record<Undecided, number>>;
  /** In doubt when the sending has ended, by whichever cycle or push. */
  doubts: number;
  /** Why they still wait; null where nothing does. */
  error: unknown;
  /** What waits for reasons of its own, while all else was sent; null where nothing does, and where others would fare no better. */
  left: LeftEntries | null;
  /** Why what only an ingest job is to carry waits: all else was sent where `error` is the same. Null where nothing does. */
  noJobs: Error | null;
}

const noneBehind = { conflict: 0, held: 0, 'in-doubt': 0 };

const nothingPushed: CyclePush = {
  isTried: false,
  pushed: 0,
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 0,
  unsent: 0,
  behind: noneBehind,
  doubts: 0,
  error: null,
  left: null,
  noJobs: null,
};

/** A pull that ended so tells that nothing can be sent either, or only into doubt. */
const endsPush: readonly ErrorCode[] = [
  'LOGIN_REQUIRED',
  'LOCK_TIMEOUT',
  'NETWORK_UNREACHABLE',
  'TIMEOUT',
  'ORG_UNAVAILABLE',
  'ORG_CHANGED',
  'REQUEST_LIMIT_EXCEEDED',
  'MIRROR_BUSY',
  'MIRROR_CORRUPT',
  'MIRROR_FAILED',
  'DISK_FULL',
];

/**
 * One watch cycle of one org: everything that the org says changed since the cursors, then the outbox. The
 * caller holds the org's watch lock, and the mirror has had its backfill. Pull and push fail apart: this throws what
 * the pull failed of, and what became of the push is in the report, or told by `onPushed` where this throws.
 */
export async function runCycle(context: SyncContext, options: CycleOptions): Promise<CycleReport> {
  const { clock, mirror, remote } = context;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.usage.sent();
  let push = nothingPushed;
  let runId = '';
  const reportOf = async (): Promise<PushReport> => ({
    runId,
    push,
    outbox: await mirror.outbox.counts(),
    apiCalls: remote.usage.sent() - callsAtStart,
    durationMs: Math.round(clock.monotonicMs() - startedAt),
  });
  const work = async (run: RunRecorder) => {
    runId = run.id;
    let pullError: unknown = null;
    try {
      await pull(context, run, options);
    } catch (error) {
      if (!isAppError(error) || (isAppError(error, ...endsPush) && !failsAlone(error))) throw error;
      pullError = error;
    }
    if (options.push) push = await pushOutbox(context, run, options);
    if (pullError !== null) throw pullError;
    return run;
  };
  const cycled = async () => {
    const run = await withRun(context, 'cycle', work);
    if (options.leavesFill !== true) await fillNewFields(context, options);
    return run;
  };
  const { counts } = await cycled().catch(async (error: unknown) => {
    // A mirror that cannot even be counted is told by the error.
    const sent = push.isTried ? await reportOf().catch(() => null) : null;
    if (sent !== null) options.onPushed?.(sent);
    throw error;
  });
  const cursors = await mirror.journal.cursors();
  const { upserted = 0, deleted = 0, undeleted = 0 } = counts;
  return {
    ...(await reportOf()),
    upserted,
    deleted,
    undeleted,
    coveredUntil: Math.min(cursors.updated ?? 0, cursors.deleted ?? 0),
  };
}

export interface PushReport {
  runId: string;
  push: CyclePush;
  outbox: Record<OutboxState, number>;
  apiCalls: number;
  durationMs: number;
}

/** Sends what waits, as the end of a cycle does, as a run of its own; null where nothing waits. */
export async function pushWaiting(
  context: SyncContext,
  options: Omit<CycleOptions, 'push'>,
): Promise<PushReport | null> {
  const { clock, mirror, remote } = context;
  const { pending } = await mirror.outbox.counts();
  if (pending === 0) return null;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.usage.sent();
  let push = nothingPushed;
  const { id: runId } = await withRun(context, 'push', async (run) => {
    push = await pushOutbox(context, run, { ...options, push: true });
    return run;
  });
  return {
    runId,
    push,
    outbox: await mirror.outbox.counts(),
    apiCalls: remote.usage.sent() - callsAtStart,
    durationMs: Math.round(clock.monotonicMs() - startedAt),
  };
}

/** Never throws but for an abort: what the outbox meets is none of the pull's trouble. */
async function pushOutbox(
  context: SyncContext,
  run: RunRecorder,
  { withDrainLease, patienceMs, leave, noJobs, signal }: CycleOptions,
): Promise<CyclePush> {
  const behindNone = { conflict: [], held: [], 'in-doubt': [] };
  const nothingSent = {
    unsent: 0,
    behind: behindNone,
    doubts: 0,
    held: 0,
    left: null,
    stuck: null,
    noJobs: null,
  };
  const failed = (stopped: Error | null) => ({ ...nothingSent, stopped });
  let report: Omit<DrainReport, 'readBack'> = failed(null);
  let isTried = true;
  await run.step('push', async (note) => {
    try {
      const how = { withLease: withDrainLease, patienceMs, leave, noJobs, signal };
      report = await drainOutbox(context, { run, ...how });
    } catch (error) {
      if (isAbort(error)) throw error;
      if (isAppError(error, 'ORG_BUSY')) {
        isTried = false;
        return note(error.message);
      }
      report = failed(error as Error);
    }
    const reason = report.stopped ?? report.stuck;
    if (reason !== null) note(`Not everything was sent: ${reason.message}`);
  });
  const { pushed = 0, rejected = 0, inDoubt = 0, conflicts = 0 } = run.counts;
  const { doubts, held, left, stopped, stuck, noJobs: noJobsNow } = report;
  const error = stopped ?? stuck;
  // Where it was stopped, all wait for that.
  const behind = stopped === null ? countsOf(report.behind) : noneBehind;
  const unsent = report.unsent + sumOf(behind);
  const sent = { pushed, rejected, inDoubt, conflicts, held };
  return { isTried, ...sent, unsent, behind, doubts, error, left, noJobs: noJobsNow };
}

function countsOf(behind: DrainReport['behind']): CyclePush['behind'] {
  const { conflict, held, 'in-doubt': inDoubt } = behind;
  return { conflict: conflict.length, held: held.length, 'in-doubt': inDoubt.length };
}

function sumOf({ conflict, held, 'in-doubt': inDoubt }: CyclePush['behind']): number {
  return conflict + held + inDoubt;
}
