import { askedRestMs } from '../base/call-details.ts';
import { isAppError } from '../base/errors.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { WatchEvent } from '../contract/watch.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { isBackfilled } from '../sync/backfill/backfill.ts';
import type { ReconcileCause } from '../sync/events.ts';
import type { AskedReconcile } from '../sync/ports/asked-reconcile.ts';
import type { Journal } from '../sync/ports/journal.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { type ReconcileOptions, reconcile } from '../sync/reconcile/reconcile.ts';
import { reconcileAsked } from '../sync/reconcile/reconcile-asked.ts';
import { isReconcileDue } from '../sync/reconcile/schedule.ts';
import type { ConnectedOrg } from './connect-org.ts';
import { lastAgreed } from './last-agreed.ts';
import { reasonClause } from './reason-clause.ts';
import { completeEventOf } from './reconcile-items.ts';

export interface DueReconcile {
  cause: ReconcileCause;
  /** For people. */
  why: string;
  /** By whom it is followed. */
  asked?: AskedReconcile;
}

type Connected = Pick<ConnectedOrg, 'context' | 'budget'>;

export interface WatchedReconcilesOptions {
  /** Between two that are made for no other reason; null: none is. */
  everyMs: number | null;
  tell: (event: WatchEvent) => void;
}

/** How soon one that was due by the timetable and failed is tried again. */
const retryMs = 3_600_000;

/** When the watch of one org compares its mirror with the org, and why. */
export class WatchedReconciles {
  readonly #options: WatchedReconcilesOptions;
  /** Failures that called for one since the last cycle that was complete. */
  #failures = 0;
  /** By the monotonic clock, ms. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: WatchedReconcilesOptions) {
    this.#options = options;
  }

  /** What has to be made before a cycle: somebody has asked for it, or another user sees others. */
  async before({ context: { mirror } }: Connected): Promise<DueReconcile | null> {
    const asked = await mirror.journal.askedReconcile();
    if (asked !== null && asked.state !== 'ended') return { cause: 'asked', why: 'it was asked for', asked };
    if ((await mirror.journal.reconciledAt()) !== 0) return null;
    return { cause: 'user-changed', why: 'the org is seen as another user now, who may see other contacts' };
  }

  /**
   * What a cycle's failure calls for; null where it calls for nothing, or for what was done right before: an org whose
   * lists do not reach back to T0, or whose time leaps, would have the whole of it read again and again.
   */
  afterFailure(error: unknown): DueReconcile | null {
    if (!isAppError(error, 'CURSOR_OUT_OF_REACH', 'CURSOR_IN_FUTURE')) return null;
    if (this.#failures++ % 2 === 1) return null;
    const isFuture = isAppError(error, 'CURSOR_IN_FUTURE');
    return { cause: isFuture ? 'clock-moved-back' : 'out-of-reach', why: reasonClause(error.message) };
  }

  /** What is due by the timetable, after a cycle that was complete. */
  async afterCycle({ context }: Connected): Promise<DueReconcile | null> {
    const { everyMs } = this.#options;
    const { mirror, remote, clock } = context;
    this.#failures = 0;
    if (everyMs === null || clock.monotonicMs() < this.#notBeforeMs) return null;
    const last = await lastAgreed(mirror);
    const now = remote.clock.told();
    const { instanceUrl } = remote;
    if (!(await isBackfilled({ mirror })) || !isReconcileDue(last, { now, everyMs, instanceUrl }))
      return null;
    return {
      cause: 'scheduled',
      why: 'it is due by the timetable',
    };
  }

  /**
   * The turn that was to make what is asked for has failed before: it ends with the same error, as it would have without
   * a watch. Not where the org or its mirror is another's now, who goes on with it.
   */
  async refuse(
    mirrors: Pick<Mirrors, 'open'>,
    { instanceUrl }: Pick<OrgRecord, 'instanceUrl'>,
    failure: unknown,
  ): Promise<void> {
    if (isAppError(failure, 'LEASE_LOST', 'MIRROR_REPLACED')) return;
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    const error = errorInfoOf(failure);
    for (const asked of await mirror.journal.openReconciles()) {
      await mirror.journal.noteAsked({ ...asked, state: 'ended', error });
      this.#options.tell({ event: 'reconcile:failed', instanceUrl, error, retryInMs: null });
    }
  }

  async make(
    { context, budget }: Connected,
    { cause, why, asked }: DueReconcile,
    signal: AbortSignal,
  ): Promise<void> {
    const { tell } = this.#options;
    const { journal } = context.mirror;
    const force = asked !== undefined && (await begun(journal, asked));
    const dryRun = asked?.dryRun ?? false;
    const options: ReconcileOptions = {
      cause,
      why,
      dryRun,
      force,
      leavesFill: true,
      callsLeft: () => budget.remaining(),
      fitsAfterMs: (calls) => budget.fitsAfterMs(calls),
      signal,
    };
    let formerRunId = asked?.formerRunId ?? null;
    const report =
      asked === undefined
        ? await reconcile(context, options)
        : await reconcileAsked(context, {
            ...options,
            request: asked,
            onFormer: async (former) => {
              formerRunId = former.runId;
              await journal.noteAsked({ ...asked, state: 'under-way', formerRunId });
              tell(completeEventOf(former));
            },
          });
    const { failure, runId, ids } = report;
    const error = failure === null ? null : errorInfoOf(failure);
    // Otherwise it stays asked for: the next watch goes on with it, or whoever follows it.
    const isOver = !signal.aborted && !isAppError(failure, 'LEASE_LOST', 'MIRROR_REPLACED');
    if (asked !== undefined && isOver)
      await journal.noteAsked({ ...asked, state: 'ended', runId, ids, formerRunId, error });
    if (error === null) return tell(completeEventOf(report));
    signal.throwIfAborted();
    if (!keepsCycles({ cause }) || !isOver || isAppError(failure, 'LOGIN_REQUIRED')) throw failure;
    const retryInMs = cause === 'scheduled' ? this.#retryLater(failure, context) : null;
    const { instanceUrl } = report;
    tell({ event: 'reconcile:failed', instanceUrl, error, retryInMs });
  }

  #retryLater(failure: unknown, { clock }: Pick<ConnectedOrg['context'], 'clock'>): number {
    const inMs = Math.max(retryMs, askedRestMs(failure));
    this.#notBeforeMs = clock.monotonicMs() + inMs;
    return inMs;
  }
}

/** What only the timetable or a person asks for keeps no cycle from its time. */
export function keepsCycles({ cause }: Pick<DueReconcile, 'cause'>): boolean {
  return cause === 'scheduled' || cause === 'asked';
}

/** Answers whether the brake is lifted: somebody may have joined it with force while it waited for its place. */
async function begun(journal: Journal, asked: AskedReconcile): Promise<boolean> {
  await journal.noteAsked({ ...asked, state: 'under-way' });
  const now = await journal.askedReconcile(asked);
  return now?.id === asked.id ? now.force : asked.force;
}
