import { isAppError } from '../../base/errors.ts';
import { StoredObject } from '../backfill/stored-object.ts';
import type { BackfillApi, ReconcileCause } from '../events.ts';
import type { Run } from '../ports/run.ts';

/** Grows where a version before it could not go on with what this one stores. */
const stateVersion = 1;

const causes = [
  'asked',
  'scheduled',
  'out-of-reach',
  'clock-moved-back',
  'user-changed',
  'count-differs',
] as const satisfies ReconcileCause[];

/** What is decided once for a reconcile and kept with its run. */
export interface ReconcileState {
  version: number;
  cause: ReconcileCause;
  /** Why it is made, for people. */
  why: string;
  /** Nothing of the rows or cursors is changed. */
  dryRun: boolean;
  /** As whom it reads: another user sees others. */
  userId: string;
  /** ms since 1970: what was committed before is in the sweep, what comes later in the cycles that follow. */
  t0: number;
  /** The org's time before its first read, ms: a row that was read later need not be in it. */
  begunAt: number;
  api: BackfillApi;
  /** COUNT() before the first read. */
  total: number;
  /** Live rows of the mirror then. */
  live: number;
  /** The chunks are stored. */
  planned: boolean;
  /** The sweep is over, and what it has come to is kept. */
  swept: boolean;
  /** A full copy has read rows since that the sweep need not have. */
  overtaken: boolean;
  /** Queries in a row, up to the last one, that timed out without a row. */
  fruitless: number;
  /** The request that it was begun for; null where it was begun for none that is kept. */
  requestId: string | null;
}

export function newReconcileState(
  decided: Omit<ReconcileState, 'version' | 'planned' | 'swept' | 'overtaken' | 'fruitless'>,
): ReconcileState {
  return { ...decided, version: stateVersion, planned: false, swept: false, overtaken: false, fruitless: 0 };
}

/** Null where it cannot be gone on with: damaged, or of another version. It is begun anew then. Pure. */
export function parseReconcileState(run: Pick<Run, 'id' | 'state'>): ReconcileState | null {
  try {
    const stored = new StoredObject(run.state, `the state of run ${run.id}`);
    if (stored.number('version') > stateVersion) return null;
    return {
      version: stored.number('version'),
      cause: stored.oneOf('cause', ...causes),
      why: stored.text('why'),
      dryRun: stored.isTrue('dryRun'),
      userId: stored.text('userId'),
      t0: stored.number('t0'),
      begunAt: stored.number('begunAt'),
      api: stored.oneOf('api', 'rest', 'bulk'),
      total: stored.number('total'),
      live: stored.number('live'),
      planned: stored.isTrue('planned'),
      swept: stored.isTrue('swept'),
      overtaken: stored.isTrue('overtaken'),
      fruitless: stored.number('fruitless'),
      // Former versions did not keep it.
      requestId: stored.has('requestId') ? stored.textOrNull('requestId') : null,
    };
  } catch (error) {
    if (isAppError(error, 'PROGRESS_UNREADABLE')) return null;
    throw error;
  }
}
