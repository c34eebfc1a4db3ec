import type { BackfillApi } from '../events.ts';
import type { Run } from '../ports/run.ts';
import { progressOfOtherVersion, StoredObject } from './stored-object.ts';

/** Grows where a version before it could not go on with what this one stores; version 0.1.0 wrote none. */
const stateVersion = 1;

/** What is decided once for a first copy and kept with its run. */
export interface CopyState {
  version: number;
  /** ms since 1970: whatever was committed before is in the copy, what comes later in the cycles that follow. */
  t0: number;
  api: BackfillApi;
  /** COUNT() before the first read. */
  total: number;
  /** Why this API, for people. */
  reason: string;
  /** The chunks are stored. */
  planned: boolean;
  /** As asked for; null without the flag, undefined where the run was begun by a version that did not keep it. */
  fields?: readonly string[] | null;
  /** The mirror held no row when T0 was known: whatever is in it since was read later. */
  fromEmpty: boolean;
  /** As whom it reads: another user sees others. Undefined where the run was begun by a version that did not keep it. */
  userId?: string;
  /** The org's time before its first read, ms: rows that were read earlier are not of this copy. As `t0` where it was not kept. */
  begunAt: number;
  /** What lies in the mirror was read as another user, by a copy that did not come to its end. */
  afterAnother: boolean;
  /** All is read and the run complete, but the cycle that closes its gap has not come to its end yet. */
  closing: boolean;
  /** A reconcile since has moved the cursors past `t0`: what lies between is not told of a record that only this copy has. */
  overtaken: boolean;
  /** Queries in a row, up to the last one, that timed out without a row. */
  fruitless: number;
}

export function newCopyState(
  decided: Pick<
    CopyState,
    't0' | 'api' | 'total' | 'reason' | 'fields' | 'fromEmpty' | 'userId' | 'begunAt' | 'afterAnother'
  >,
): CopyState {
  return {
    ...decided,
    version: stateVersion,
    planned: false,
    closing: false,
    overtaken: false,
    fruitless: 0,
  };
}

/**
 * The door through which every stored state of a first copy comes; null for a run that fills new columns, which is
 * recorded as a backfill too and cannot be gone on with. Throws `PROGRESS_UNREADABLE`. Pure.
 */
export function parseCopyState(run: Pick<Run, 'id' | 'state'>): CopyState | null {
  const stored = new StoredObject(run.state, `the state of run ${run.id}`);
  if (stored.isTrue('fill')) return null;
  const version = stored.has('version') ? stored.number('version') : 0;
  if (version > stateVersion) throw progressOfOtherVersion(`the state of run ${run.id}`);
  const t0 = stored.number('t0');
  return {
    version,
    t0,
    api: stored.oneOf('api', 'rest', 'bulk'),
    total: stored.number('total'),
    reason: stored.has('reason') ? stored.text('reason') : '',
    planned: stored.isTrue('planned'),
    fields: fieldsOf(stored),
    fromEmpty: stored.isTrue('fromEmpty'),
    ...(stored.has('userId') ? { userId: stored.text('userId') } : {}),
    begunAt: stored.has('begunAt') ? stored.number('begunAt') : t0,
    afterAnother: stored.isTrue('afterAnother'),
    closing: stored.isTrue('closing'),
    overtaken: stored.isTrue('overtaken'),
    fruitless: stored.has('fruitless') ? stored.number('fruitless') : 0,
  };
}

function fieldsOf(stored: StoredObject): readonly string[] | null | undefined {
  if (!stored.has('fields')) return undefined;
  return stored.isNull('fields') ? null : stored.texts('fields');
}
