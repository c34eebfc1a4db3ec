import { callDetailsOf } from '../base/call-details.ts';
import { CloseStack } from '../base/close-stack.ts';
import { errorCodeOf } from '../base/error-codes.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { CycleCompleteEvent, PushCompleteEvent, WatchEvent, WatchOptions } from '../contract/watch.ts';
import type { CallsAhead } from '../daemon/stretched-interval.ts';
import type { LongWork, WatchedOrg } from '../daemon/watched-org.ts';
import { sameId } from '../org/record-id.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { type BackfillReport, backfill, isBackfilled } from '../sync/backfill/backfill.ts';
import { closeKilledRuns } from '../sync/close-killed-runs.ts';
import { type CycleReport, type PushReport, pushWaiting, runCycle } from '../sync/cycle/cycle.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { Remote } from '../sync/ports/remote.ts';
import { AskedWhileClosed } from './asked-while-closed.ts';
import { type ConnectedOrg, type ConnectParts, connectOrg, settleCalls } from './connect-org.ts';
import {
  isLeaseLost,
  type OrgLeases,
  takeOrgLease,
  underLease,
  withDrainLease,
  withFreeDrainLease,
} from './org-lease.ts';
import { OrgPace } from './org-pace.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { reconcileAfterCopy } from './reconcile-after-copy.ts';
import { removeSpentCopy } from './spent-copy.ts';
import { type DueReconcile, WatchedReconciles } from './watch-reconcile.ts';

export interface WatchedOrgParts extends OrgDirectory, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] &
    OrgLeases['mirrors'] &
    Pick<Mirrors, 'location' | 'isReconcileAsked' | 'programCommits'>;
}

interface Care {
  options: Pick<WatchOptions, 'push' | 'once' | 'intervalMs' | 'reconcileEveryMs'>;
  signal: AbortSignal;
  tell(event: WatchEvent): void;
}

/** Takes an org into care: its lease is held until it is disposed, session and mirror are open from turn to rest. */
export async function openWatchedOrg(
  parts: WatchedOrgParts,
  known: OrgRecord,
  care: Care,
): Promise<WatchedOrg> {
  const purpose = care.options.once ? 'watch --once' : 'watch';
  return CloseStack.opening(async (held) => {
    const lease = held.use(await takeOrgLease(parts, known.instanceUrl, purpose));
    await tellOfCopy(parts, known.instanceUrl, lease);
    const org = new LeasedOrg(parts, known, lease, care, held);
    await org.open();
    return org;
  });
}

class LeasedOrg implements WatchedOrg {
  readonly #parts: WatchedOrgParts;
  readonly #known: OrgRecord;
  readonly #lease: Lease;
  readonly #held: CloseStack;
  readonly #care: Care;
  readonly #reconciles: WatchedReconciles;
  readonly #askedWhileClosed: AskedWhileClosed;
  #connected: ConnectedOrg | null = null;
  /** The share that was set for the org when it was connected last, or was tried to be. */
  #budget: number | null = null;
  #isBudgetChanged = false;
  #isBegun = false;
  #isCopied = false;
  #isLost = false;
  /** Until when the org has asked to be sent nothing; ms, by the monotonic clock. */
  #pushNotBeforeMs = 0;
  /** Not everything was sent the last time: what programs write goes with the next cycle, however often they do. */
  #isPushStuck = false;
  /** When the turn under way began to ask; by both clocks, null between turns. */
  #asking: { since: number; sinceMs: number } | null = null;
  readonly #pace: OrgPace;

  constructor(parts: WatchedOrgParts, known: OrgRecord, lease: Lease, care: Care, held: CloseStack) {
    this.#parts = parts;
    this.#known = known;
    this.#lease = lease;
    this.#held = held;
    this.#care = care;
    const { calls, clock } = parts;
    const { intervalMs } = care.options;
    this.#pace = new OrgPace({ calls, clock, instanceUrl: known.instanceUrl, intervalMs, tell: care.tell });
    this.#reconciles = new WatchedReconciles({ everyMs: care.options.reconcileEveryMs, tell: care.tell });
    this.#askedWhileClosed = new AskedWhileClosed(parts.mirrors, known.instanceUrl);
    held.defer(() => this.#pace.forget());
    held.defer(() => this.rest());
  }

  async open(): Promise<ConnectedOrg> {
    if (this.#connected !== null && (this.#isBudgetChanged || (await this.#isAnothers(this.#connected))))
      await this.rest();
    if (this.#connected !== null) return this.#connected;
    const { signal, tell } = this.#care;
    // Read again: a login since the last look changes grant and flags.
    const org = (await this.#inRegistry()) ?? this.#known;
    this.#budget = org.budget;
    this.#isBudgetChanged = false;
    const onEvent = progressOf((event) => {
      // A cycle tells what it has sent at its end, and a watch leaves nothing to another.
      if (event.event === 'push:progress' || event.event === 'push:waiting') return;
      if (event.event !== 'reconcile:left') tell(event);
    });
    this.#connected = await connectOrg(this.#parts, org, { signal, lease: this.#lease, onEvent });
    this.#pace.belongsTo(this.#connected.orgId, this.#connected.share);
    return this.#connected;
  }

  /** A list of orgs that was damaged meanwhile keeps nobody from an org that is known. */
  async #inRegistry(): Promise<OrgRecord | null> {
    try {
      return await this.#parts.registry.get(this.#known.instanceUrl);
    } catch (error) {
      if (isAppError(error, 'REGISTRY_CORRUPT')) return null;
      throw error;
    }
  }

  /** Whether `login --replace-user` has given the mirror to another user since it was opened, who may see others. */
  async #isAnothers({ mirror, userId }: ConnectedOrg): Promise<boolean> {
    const seen = await mirror.identity();
    return seen !== null && !sameId(seen.userId, userId);
  }

  async isSpent(): Promise<boolean> {
    if (this.#isLost || this.#lease.lost.aborted) return true;
    // An open file that was deleted would take all cycles to come, and nobody could read them.
    if (this.#connected === null || (await this.#connected.mirror.isInPlace())) return false;
    this.#warnOfLoss();
    return true;
  }

  async needsFirstCopy(): Promise<boolean> {
    const isCopied = await isBackfilled(await this.open());
    // Deleted between two turns, while it was closed.
    if (this.#isCopied && !isCopied) this.#warnOfLoss();
    this.#isCopied = isCopied;
    return !isCopied;
  }

  firstCopy(signal: AbortSignal): Promise<void> {
    return this.#turn(signal, async (connected, ended) => {
      await firstCopy(connected, this.#care.tell, ended);
      this.#isCopied = true;
    });
  }

  async cycle(signal: AbortSignal): Promise<LongWork | null> {
    const due = await this.#turn(
      signal,
      async (connected, ended) =>
        (await this.#reconciles.before(connected)) ?? (await this.#cycle(connected, ended)),
    );
    if (due === null) return null;
    return {
      kind: 'reconcile',
      run: (later) => this.#turn(later, (connected, ended) => this.#reconciles.make(connected, due, ended)),
    };
  }

  /** Answers what the cycle, or its failure, calls for. */
  async #cycle(connected: ConnectedOrg, ended: AbortSignal): Promise<DueReconcile | null> {
    const { once, push } = this.#care.options;
    const { clock } = this.#parts;
    const { instanceUrl } = this.#known;
    const { context, budget, remote } = connected;
    // Only whoever ends after this cycle waits for another that is sending.
    const lend = once
      ? withDrainLease(this.#parts, instanceUrl, ended)
      : withFreeDrainLease(this.#parts, instanceUrl);
    try {
      const report = await this.#counted(remote, () =>
        runCycle(context, {
          push: push && clock.monotonicMs() >= this.#pushNotBeforeMs,
          withDrainLease: (work) => budget.asPush(() => lend(work)),
          patienceMs: once ? undefined : this.#patienceMs(),
          signal: ended,
        }),
      );
      this.#heed(report.push);
      this.#care.tell(completed(instanceUrl, report));
    } catch (error) {
      const due = this.#reconciles.afterFailure(error);
      if (due === null) throw error;
      return due;
    }
    return this.#reconciles.afterCycle(connected);
  }

  async push(signal: AbortSignal): Promise<void> {
    if (!this.#isCopied || !this.#care.options.push || this.#isPushStuck) return;
    const { clock } = this.#parts;
    if (clock.monotonicMs() < this.#pushNotBeforeMs) return;
    await this.#turn(signal, async ({ context, budget }, ended) => {
      const lend = withFreeDrainLease(this.#parts, this.#known.instanceUrl);
      const report = await pushWaiting(context, {
        withDrainLease: (work) => budget.asPush(() => lend(work)),
        patienceMs: this.#patienceMs(),
        signal: ended,
      });
      if (report === null) return;
      this.#heed(report.push);
      this.#care.tell(pushCompleted(this.#known.instanceUrl, report));
    });
  }

  /** What waits is tried again in the next cycle, which must not be late for it. */
  #patienceMs(): number {
    return Math.min(60_000, this.#care.options.intervalMs / 10);
  }

  #heed({ error }: CycleReport['push']): void {
    this.#isPushStuck = error !== null;
    const { retryAfterMs = 0 } = callDetailsOf(error);
    this.#pushNotBeforeMs = this.#parts.clock.monotonicMs() + (retryAfterMs ?? 0);
  }

  async isAsked(): Promise<boolean> {
    // A list of orgs that cannot be read now says nothing of this one.
    const org = await this.#parts.registry.get(this.#known.instanceUrl).catch(() => null);
    this.#isBudgetChanged = org !== null && org.budget !== this.#budget;
    return this.#isBudgetChanged || (await this.#isReconcileAsked());
  }

  async #isReconcileAsked(): Promise<boolean> {
    if (this.#connected === null) return this.#askedWhileClosed.isNew();
    const asked = await this.#connected.mirror.journal.askedReconcile();
    return asked !== null && asked.state !== 'ended';
  }

  async refuseAsked(error: unknown): Promise<void> {
    const { mirrors } = this.#parts;
    if (!(await mirrors.isReconcileAsked(this.#known.instanceUrl))) return;
    await this.#reconciles.refuse(mirrors, this.#known, error);
  }

  silentForMs(): number {
    if (this.#asking === null || this.#connected === null) return 0;
    const { since, sinceMs } = this.#asking;
    // Every answer of the API names the usage.
    const reported = this.#connected.remote.usage.reported();
    if (reported !== null && reported.at >= since) return 0;
    return this.#parts.clock.monotonicMs() - sinceMs;
  }

  callsAhead(): Promise<CallsAhead | null> {
    return this.#pace.callsAhead();
  }

  stretchTo(stretchedMs: number | null): Promise<void> {
    return this.#pace.stretchTo(stretchedMs);
  }

  async rest(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held[Symbol.asyncDispose]();
  }

  async #turn<T>(
    signal: AbortSignal,
    work: (connected: ConnectedOrg, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const connected = await this.open();
    const { clock } = this.#parts;
    this.#asking = { since: clock.now(), sinceMs: clock.monotonicMs() };
    try {
      return await underLease(this.#lease, signal, async (ended) => {
        if (!this.#isBegun) await closeKilledRuns(connected.context);
        this.#isBegun = true;
        return await work(connected, ended);
      });
    } catch (error) {
      // Told by the lease or by the mirror, whichever knows it first.
      this.#isLost ||= isLeaseLost(error);
      throw error;
    } finally {
      this.#asking = null;
      await settleCalls(connected.budget, this.#parts);
    }
  }

  async #counted<T>({ usage }: Remote, work: () => Promise<T>): Promise<T> {
    const before = usage.sent();
    try {
      return await work();
    } finally {
      this.#pace.noteCycle(usage.sent() - before);
    }
  }

  #warnOfLoss(): void {
    const path = this.#parts.mirrors.location(this.#known.instanceUrl);
    this.#parts.log.warn(
      `${path} was deleted or replaced while it was watched: what lies there now is taken up, and the org is copied anew where nothing does`,
    );
  }
}

function completed(instanceUrl: string, report: CycleReport): CycleCompleteEvent {
  const { push, outbox, coveredUntil, ...pulled } = report;
  return {
    event: 'cycle:complete',
    instanceUrl,
    ...pulled,
    ...sent(push, outbox),
    coveredUntil: isoTime(coveredUntil),
  };
}

function pushCompleted(instanceUrl: string, { push, outbox, ...done }: PushReport): PushCompleteEvent {
  return { event: 'push:complete', instanceUrl, ...done, ...sent(push, outbox) };
}

function sent({ error, ...counts }: CycleReport['push'], outbox: CycleReport['outbox']) {
  return {
    ...counts,
    pushError: error === null ? null : errorInfoOf(error),
    outbox: {
      pending: outbox.pending,
      rejected: outbox.rejected,
      inDoubt: outbox['in-doubt'] + outbox.sent,
      held: outbox.held,
      conflicts: outbox.conflict,
    },
  };
}

/** The mirror is what a watch keeps up to date; a copy beside it is the backfill's. */
async function tellOfCopy(parts: WatchedOrgParts, instanceUrl: string, lease: Lease): Promise<void> {
  await removeSpentCopy(parts, instanceUrl, lease);
  if (await parts.mirrors.copies.exists(instanceUrl))
    parts.log.warn(
      `an interrupted fresh copy of ${instanceUrl} lies beside its mirror: \`parahack-sync backfill\` goes on with it`,
    );
}

async function firstCopy(
  connected: ConnectedOrg,
  tell: (event: WatchEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { context, budget } = connected;
  const copied = await backfill(context, { callsLeft: () => budget.remaining(), signal });
  if (copied.error === null) tell(copyCompleted(copied));
  const report = await reconcileAfterCopy(connected, copied, { tell, signal });
  if (report.error !== null) {
    signal.throwIfAborted();
    const { code, message, hint } = report.error;
    throw new AppError(errorCodeOf(code), message, { hint: hint ?? undefined });
  }
  if (copied.error !== null) tell(copyCompleted(report));
}

function copyCompleted({ instanceUrl, contacts, durationMs, apiCalls, runId }: BackfillReport): WatchEvent {
  return {
    event: 'backfill:complete',
    instanceUrl,
    contacts: contacts ?? 0,
    durationMs,
    apiCalls,
    runId: runId ?? '',
  };
}
