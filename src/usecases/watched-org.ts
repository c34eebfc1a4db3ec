import { CloseStack } from '../base/close-stack.ts';
import type { CallsAhead } from '../daemon/stretched-interval.ts';
import type { LongWork, PushCause, WatchedOrg } from '../daemon/watched-org.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { isBackfilled } from '../sync/backfill/backfill.ts';
import { closeKilledRuns } from '../sync/close-killed-runs.ts';
import { type PushReport, pushWaiting, runCycle } from '../sync/cycle/cycle.ts';
import type { ReportedUsage } from '../sync/ports/call-ledger.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Remote } from '../sync/ports/remote.ts';
import { mendFuture } from '../sync/reconcile/mend-future.ts';
import { AskedWhileClosed } from './asked-while-closed.ts';
import { type ConnectedOrg, settleCalls } from './connect-org.ts';
import { cycleCompleted, isPushNews, pushCompleted } from './cycle-events.ts';
import { isLeaseLost, takeOrgLease, underLease, withDrainLease, withFreeDrainLease } from './org-lease.ts';
import { OrgPace } from './org-pace.ts';
import { removeSpentCopy } from './spent-copy.ts';
import { type DueReconcile, keepsCycles, WatchedReconciles } from './watch-reconcile.ts';
import { WatchedConnection } from './watched-connection.ts';
import { WatchedFills } from './watched-fills.ts';
import { firstCopy } from './watched-first-copy.ts';
import type { Care, WatchedOrgParts } from './watched-org-parts.ts';
import { WatchedPushes } from './watched-pushes.ts';

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

type Lend = <T>(work: () => Promise<T>) => Promise<T>;

class LeasedOrg implements WatchedOrg {
  readonly #parts: WatchedOrgParts;
  readonly #known: OrgRecord;
  readonly #lease: Lease;
  readonly #held: CloseStack;
  readonly #care: Care;
  readonly #reconciles: WatchedReconciles;
  readonly #askedWhileClosed: AskedWhileClosed;
  readonly #connection: WatchedConnection;
  readonly #pushes: WatchedPushes;
  readonly #fills: WatchedFills;
  readonly #pace: OrgPace;
  /** No run is left as `running` that is not: before this process took the org, or where its end could not be written. */
  #hasClosedRuns = false;
  #isCopied = false;
  #isLost = false;
  /** When the turn under way began to ask; by both clocks, null between turns. */
  #asking: { before: ReportedUsage | null; sinceMs: number } | null = null;

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
    this.#pushes = new WatchedPushes(clock, intervalMs);
    this.#fills = new WatchedFills(clock);
    const onConnected = ({ orgId, share }: ConnectedOrg) => {
      this.#pace.belongsTo(orgId, share);
      this.#pushes.belongsTo(share);
    };
    this.#connection = new WatchedConnection({ parts, known, lease, care, onConnected });
    held.defer(() => this.#pace.forget());
    held.defer(() => this.rest());
  }

  open(): Promise<ConnectedOrg> {
    return this.#connection.open();
  }

  async isSpent(): Promise<boolean> {
    if (this.#isLost || this.#lease.lost.aborted) return true;
    // An open file that was deleted would take all cycles to come, and nobody could read them.
    if (this.#connection.current === null || (await this.#connection.current.mirror.isInPlace()))
      return false;
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

  async cycle(signal: AbortSignal, { isInLine } = { isInLine: false }): Promise<LongWork | null> {
    return this.#turn(signal, async (connected, ended) => {
      const first = await this.#reconciles.before(connected);
      const isLater = first === null || (isInLine && keepsCycles(first));
      const due = (isLater ? await this.#cycle(connected, ended) : null) ?? first;
      if (due !== null)
        return {
          kind: 'reconcile',
          keepsCycles: keepsCycles(due),
          run: (later) => this.#reconcile(due, later),
        };
      if (!(await this.#fills.isDue(connected.context))) return null;
      return { kind: 'fill', keepsCycles: true, run: (later) => this.#fill(later) };
    });
  }

  #fill(signal: AbortSignal): Promise<void> {
    return this.#turn(signal, ({ context }, ended) => this.#fills.make(context, { signal: ended }));
  }

  async #reconcile(due: DueReconcile, signal: AbortSignal): Promise<void> {
    const isMended =
      due.asked?.dryRun !== true &&
      (await this.#turn(signal, ({ context }, ended) => mendFuture(context, { signal: ended })));
    // A connection whose clock began at a time that the org has never had reads nothing more.
    if (isMended) await this.#connection.rest();
    await this.#turn(signal, (connected, ended) => this.#reconciles.make(connected, due, ended));
    // One that failed is not always a turn that did.
    this.#hasClosedRuns = false;
  }

  /** Answers what the cycle, or its failure, calls for. */
  async #cycle(connected: ConnectedOrg, ended: AbortSignal): Promise<DueReconcile | null> {
    const { once, push } = this.#care.options;
    const { instanceUrl } = this.#known;
    const { context, budget, remote } = connected;
    // Only whoever ends after this cycle waits for another that is sending.
    const lend = once
      ? withDrainLease(this.#parts, instanceUrl, ended)
      : withFreeDrainLease(this.#parts, instanceUrl);
    try {
      const report = await this.#counted(remote, (uncounted) =>
        runCycle(context, {
          push: push && this.#pushes.isDue(),
          withDrainLease: (work) => uncounted(() => budget.asPush(() => lend(work))),
          patienceMs: once ? undefined : this.#pushes.patienceMs,
          noJobs: this.#pushes.noJobs,
          onPushed: (sent) => this.#heed(sent),
          leavesFill: true,
          signal: ended,
        }),
      );
      this.#pushes.heed(report.push);
      this.#care.tell(cycleCompleted(instanceUrl, report), report.push);
    } catch (error) {
      const due = this.#reconciles.afterFailure(error);
      if (due === null) throw error;
      return due;
    }
    return this.#reconciles.afterCycle(connected);
  }

  async push(signal: AbortSignal, why: PushCause): Promise<void> {
    if (!this.#isCopied || !this.#care.options.push || !this.#pushes.isDue()) return;
    // An interval is how often cycles try what could not be sent.
    const isAsked = why === 'asked';
    if (isAsked && this.#pushes.isStuck) return;
    await this.#turn(signal, async ({ context, budget }, ended) => {
      const lend = withFreeDrainLease(this.#parts, this.#known.instanceUrl);
      const report = await pushWaiting(context, {
        withDrainLease: (work) => budget.asPush(() => lend(work)),
        patienceMs: this.#pushes.patienceMs,
        leave: isAsked ? this.#pushes.left : null,
        noJobs: this.#pushes.noJobs,
        signal: ended,
      });
      if (report !== null) this.#heed(report);
    });
  }

  /** Of a push that no cycle tells of. One that came to nothing is no news. */
  #heed(report: PushReport): void {
    this.#pushes.heed(report.push);
    if (isPushNews(report.push)) this.#care.tell(pushCompleted(this.#known.instanceUrl, report), report.push);
  }

  async isAsked(): Promise<boolean> {
    return (await this.#connection.isBudgetChanged()) || (await this.#isReconcileAsked());
  }

  async #isReconcileAsked(): Promise<boolean> {
    if (this.#connection.current === null) return this.#askedWhileClosed.isNew();
    const asked = await this.#connection.current.mirror.journal.askedReconcile();
    return asked !== null && asked.state !== 'ended';
  }

  async refuseAsked(error: unknown): Promise<void> {
    const { mirrors } = this.#parts;
    if (!(await mirrors.isReconcileAsked(this.#known.instanceUrl))) return;
    await this.#reconciles.refuse(mirrors, this.#known, error);
  }

  silentForMs(): number {
    if (this.#asking === null || this.#connection.current === null) return 0;
    const { before } = this.#asking;
    // Every answer of the API names the usage. By the clock it may be older: that can be set back meanwhile.
    const reported = this.#connection.current.remote.usage.reported();
    if (reported !== null && reported !== before) return 0;
    const nowMs = this.#parts.clock.monotonicMs();
    // An org that is left alone at its own wish owes no answer yet.
    if (this.#connection.current.budget.isResting) this.#asking.sinceMs = nowMs;
    return nowMs - this.#asking.sinceMs;
  }

  callsAhead(): Promise<CallsAhead | null> {
    return this.#pace.callsAhead();
  }

  stretchTo(stretchedMs: number | null): Promise<void> {
    return this.#pace.stretchTo(stretchedMs);
  }

  rest(): Promise<void> {
    return this.#connection.rest();
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
    this.#asking = { before: connected.remote.usage.reported(), sinceMs: clock.monotonicMs() };
    try {
      return await underLease(this.#lease, signal, async (ended) => {
        if (!this.#hasClosedRuns) await closeKilledRuns(connected.context);
        this.#hasClosedRuns = true;
        return await work(connected, ended);
      });
    } catch (error) {
      this.#hasClosedRuns = false;
      // Told by the lease or by the mirror, whichever knows it first.
      this.#isLost ||= isLeaseLost(error);
      throw error;
    } finally {
      this.#asking = null;
      await settleCalls(connected.budget, this.#parts);
    }
  }

  /** The timetable follows what pulls take: a large push is made once. `uncounted` lends to what is none of a pull's. */
  async #counted<T>({ usage }: Remote, work: (uncounted: Lend) => Promise<T>): Promise<T> {
    let before = usage.sent();
    const uncounted: Lend = async (other) => {
      const otherBefore = usage.sent();
      try {
        return await other();
      } finally {
        before += usage.sent() - otherBefore;
      }
    };
    try {
      return await work(uncounted);
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

/** The mirror is what a watch keeps up to date; a copy beside it is the backfill's. */
async function tellOfCopy(parts: WatchedOrgParts, instanceUrl: string, lease: Lease): Promise<void> {
  await removeSpentCopy(parts, instanceUrl, lease);
  if (await parts.mirrors.copies.exists(instanceUrl))
    parts.log.warn(
      `an interrupted fresh copy of ${instanceUrl} lies beside its mirror: \`parahack-sync backfill\` goes on with it`,
    );
}
