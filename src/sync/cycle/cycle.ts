import { AppError, isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { drainOutbox } from '../push/drain.ts';
import { assertWithinReach } from '../replication-window.ts';
import { RunRecorder } from '../run-recorder.ts';
import { refreshSchema, withCurrentFields } from '../schema.ts';
import { fillNewFields } from './fill-fields.ts';
import { readDeleted } from './read-deleted.ts';
import { readUpdated } from './read-updated.ts';
import type { WindowMemory } from './window-memory.ts';

export interface CycleOptions {
  /** Whether the outbox is drained at the end. `withDrainLock` is then required. */
  push: boolean;
  withDrainLock?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Kept by a daemon between the cycles of one org, so that a standing coverage costs little. */
  memory?: WindowMemory;
  signal: AbortSignal;
}

export interface CycleReport {
  runId: string;
  upserted: number;
  deleted: number;
  undeleted: number;
  pushed: number;
  /** The smaller cursor, ms since 1970. */
  coveredUntil: number;
  apiCalls: number;
  durationMs: number;
}

/**
 * One watch cycle of one org: everything that the org says changed since the cursors, then the outbox. The
 * caller holds the org's watch lock, and the mirror has had its backfill.
 */
export async function runCycle(context: SyncContext, options: CycleOptions): Promise<CycleReport> {
  const { clock, mirror, remote } = context;
  const { signal } = options;
  const startedAt = clock.monotonicMs();
  const callsAtStart = remote.apiCalls();
  const run = await RunRecorder.start(context, 'cycle', {});
  try {
    let pullError: unknown = null;
    try {
      await pull(context, run, options);
    } catch (error) {
      // Neither a mirror that fell behind nor a share that pulls have used up is the pushes' trouble.
      if (!isAppError(error, 'CURSOR_OUT_OF_REACH', 'API_BUDGET_EXHAUSTED')) throw error;
      pullError = error;
    }
    if (options.push) {
      await run.step('push', () => drainOutbox(context, { run, withLock: options.withDrainLock, signal }));
    }
    if (pullError !== null) throw pullError;
    await run.complete();
  } catch (error) {
    await run.fail(error);
    throw error;
  }
  const cursors = await mirror.cursors();
  const { upserted = 0, deleted = 0, undeleted = 0, pushed = 0 } = run.counts;
  return {
    runId: run.id,
    upserted,
    deleted,
    undeleted,
    pushed,
    coveredUntil: Math.min(cursors.updated ?? 0, cursors.deleted ?? 0),
    apiCalls: remote.apiCalls() - callsAtStart,
    durationMs: Math.round(clock.monotonicMs() - startedAt),
  };
}

/** Brings what changed since the cursors, and fills columns that are new. */
async function pull(context: SyncContext, run: RunRecorder, { memory, signal }: CycleOptions): Promise<void> {
  await run.step('describe', () => refreshSchema(context, { signal }));
  const { updated, deleted } = await context.mirror.cursors();
  if (updated === null || deleted === null) {
    throw new AppError('NOT_BACKFILLED', 'This org has not had its first full copy yet.', {
      hint: 'Run `parahack-sync backfill` first.',
    });
  }
  const now = await orgNow(context, Math.max(updated, deleted), signal);
  assertWithinReach('updated', updated, now);
  assertWithinReach('deleted', deleted, now);
  await run.step('updated', () =>
    withCurrentFields(context, { signal }, () => readUpdated(context, updated, { run, memory, signal })),
  );
  await run.step('deleted', () => readDeleted(context, deleted, { run, signal }));
  await withCurrentFields(context, { signal }, () => fillNewFields(context, { signal }));
}

/**
 * The org's clock is known from its answers only; a cycle that asked nothing yet asks who it is. So does one whose
 * clock is behind a cursor: cursors are the org's own word, and a window that ends before it begins would ask
 * nothing for ever.
 */
async function orgNow({ remote }: SyncContext, cursor: number, signal: AbortSignal): Promise<number> {
  try {
    const now = remote.now();
    if (now >= cursor) return now;
  } catch {
    // Not known yet.
  }
  await remote.identity({ signal });
  return remote.now();
}
