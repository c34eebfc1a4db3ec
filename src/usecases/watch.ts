import type { CredentialStore } from '../auth/credential-store.ts';
import { errorCodeOf } from '../base/error-codes.ts';
import { AppError, messageOf } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type {
  CycleCompleteEvent,
  WatchEvent,
  WatchedPush,
  WatchOptions,
  WatchResult,
} from '../contract/watch.ts';
import { Daemon } from '../daemon/daemon.ts';
import type { WatchedOrg } from '../daemon/watched-org.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { eachOrgOnce } from '../orgs/rules/connected-once.ts';
import { backfill, isBackfilled } from '../sync/backfill/backfill.ts';
import { closeKilledCycles } from '../sync/close-killed-runs.ts';
import { type CycleReport, runCycle } from '../sync/cycle/cycle.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { syncOrgs } from './chosen-orgs.ts';
import { type ConnectedOrg, type ConnectParts, connectOrg, noteCalls } from './connect-org.ts';
import { hasLogin } from './has-login.ts';
import {
  isLeaseLost,
  type OrgLeases,
  takeOrgLease,
  underLease,
  watchLeaseName,
  withDrainLease,
  withFreeDrainLease,
} from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { renewIdleLogins } from './renew-idle.ts';
import { removeSpentCopy } from './spent-copy.ts';

export interface WatchParts extends OrgDirectory, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] & OrgLeases['mirrors'];
  readonly credentials: Pick<CredentialStore, 'get'>;
}

type Tell = (event: WatchEvent) => void;

/** Polls each org on its own timetable until the signal aborts, or once. */
export async function watch(
  services: WatchParts,
  options: WatchOptions,
  { signal, onEvent }: CallContext<WatchEvent>,
): Promise<WatchResult> {
  const { intervalMs, once } = options;
  const chosen = await syncOrgs(services, options.orgs);
  const byUrl = new Map(chosen.map((org) => [org.instanceUrl, org]));
  // With named orgs these are watched whatever their flag; without, the registry is looked at again and again.
  const named = options.orgs.length > 0 || services.hasProcessOrg || once;
  const list = async () => {
    if (named) return [...byUrl.keys()];
    const wanted = eachOrgOnce(await services.registry.list()).filter(({ sync }) => sync);
    for (const org of wanted) byUrl.set(org.instanceUrl, org);
    return wanted.map(({ instanceUrl }) => instanceUrl);
  };
  let cycles = 0;
  let failed = 0;
  const pushes = new Map<string, WatchedPush>();
  const tell: Tell = (event) => {
    if (event.event === 'cycle:complete') {
      cycles++;
      const { rejected, inDoubt, conflicts, unsent, pushError } = event;
      pushes.set(event.instanceUrl, { rejected, inDoubt, conflicts, unsent, error: pushError });
    }
    if (event.event === 'cycle:failed') failed++;
    onEvent(event);
  };
  // Only says that a watch runs; which orgs it may write is decided by the leases of the orgs.
  await using _running = once ? null : await services.leases.take(watchLeaseName);
  tell({ event: 'watch:start', orgs: await list(), intervalMs, once, pid: process.pid });
  await using daemon = new Daemon({
    list,
    alongside: (end) => (once ? Promise.resolve() : renewIdleLogins(services, end)),
    intervalMs,
    once,
    signal,
    clock: services.clock,
    open: (url) => openWatched(services, byUrl.get(url)!, options, { signal, tell }),
    hasLogin: async (url) => hasLogin(services, url),
    onFailed: (instanceUrl, error, retryInMs) =>
      tell({ event: 'cycle:failed', instanceUrl, error: errorInfoOf(error), retryInMs }),
    onSkipped: (instanceUrl, error, retryInMs) =>
      tell({ event: 'cycle:skipped', instanceUrl, error: errorInfoOf(error), retryInMs }),
    onListFailed: (error) =>
      services.log.warn(`the connected orgs cannot be listed now: ${messageOf(error)}`),
    onRecovered: (instanceUrl, failures) => tell({ event: 'cycle:recovered', instanceUrl, failures }),
  });
  const outcomes = await daemon.start();
  tell({ event: 'watch:stop', reason: signal.aborted ? 'signal' : 'once', cycles, failed });
  return {
    orgs: outcomes.map(({ instanceUrl, error }) => ({
      instanceUrl,
      error: error === null ? null : errorInfoOf(error),
      push: pushes.get(instanceUrl) ?? null,
    })),
  };
}

/** Takes an org into care: its lease, session and mirror are held until the loop lets go of it. */
async function openWatched(
  services: WatchParts,
  known: OrgRecord,
  { push, once, intervalMs }: WatchOptions,
  { signal, tell }: { signal: AbortSignal; tell: Tell },
): Promise<WatchedOrg> {
  const { instanceUrl } = known;
  const lease = await takeOrgLease(services, instanceUrl, once ? 'watch --once' : 'watch');
  const connected = await connectWatched(services, known, { lease, signal, tell });
  const { context, mirror } = connected;
  let begun = false;
  let isLost = false;
  const turn = async (turnSignal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) => {
    try {
      await underLease(lease, turnSignal, async (ended) => {
        if (!begun) await closeKilledCycles(context);
        begun = true;
        await work(ended);
      });
    } catch (error) {
      // Told by the lease or by the mirror, whichever knows it first.
      isLost ||= isLeaseLost(error);
      throw error;
    } finally {
      if (!isLost) await noteCalls(connected, services);
    }
  };
  return {
    async isSpent() {
      if (isLost) return true;
      // An open file that was deleted would take all cycles to come, and nobody could read them.
      if (await mirror.isInPlace()) return false;
      services.log.warn(
        `${mirror.location} was deleted or replaced while it was watched: what lies there now is taken up, and the org is copied anew where nothing does`,
      );
      return true;
    },
    needsFirstCopy: async () => !(await isBackfilled(connected)),
    firstCopy: (copySignal) => turn(copySignal, (ended) => firstCopy(connected, tell, ended)),
    cycle: (cycleSignal) =>
      turn(cycleSignal, async (ended) => {
        const report = await runCycle(context, {
          push,
          // Only whoever ends after this cycle waits for another that is sending.
          withDrainLease: once
            ? withDrainLease(services, instanceUrl, ended)
            : withFreeDrainLease(services, instanceUrl),
          // What waits is tried again in the next cycle, which must not be late for it.
          patienceMs: once ? undefined : Math.min(60_000, intervalMs / 10),
          signal: ended,
        });
        tell(completed(instanceUrl, report));
      }),
    [Symbol.asyncDispose]: connected[Symbol.asyncDispose],
  };
}

async function connectWatched(
  services: WatchParts,
  known: OrgRecord,
  { lease, signal, tell }: { lease: Lease; signal: AbortSignal; tell: Tell },
): Promise<ConnectedOrg> {
  try {
    // Read again: a login since the last look changes grant and flags.
    const org = (await services.registry.get(known.instanceUrl)) ?? known;
    await tellOfCopy(services, org.instanceUrl, lease);
    const onEvent = progressOf((event) => {
      // A cycle tells what it has sent at its end.
      if (event.event !== 'push:progress' && event.event !== 'push:waiting') tell(event);
    });
    return await connectOrg(services, org, { signal, lease, adopt: true, onEvent });
  } catch (error) {
    await lease.release();
    throw error;
  }
}

function completed(instanceUrl: string, report: CycleReport): CycleCompleteEvent {
  const { push, outbox, coveredUntil, ...pulled } = report;
  const { error, ...counts } = push;
  return {
    event: 'cycle:complete',
    instanceUrl,
    ...pulled,
    ...counts,
    pushError: error === null ? null : errorInfoOf(error),
    outbox: {
      pending: outbox.pending,
      rejected: outbox.rejected,
      inDoubt: outbox['in-doubt'] + outbox.sent,
      held: outbox.held,
      conflicts: outbox.conflict,
    },
    coveredUntil: isoTime(coveredUntil),
  };
}

/** The mirror is what a watch keeps up to date; a copy beside it is the backfill's. */
async function tellOfCopy(services: WatchParts, instanceUrl: string, lease: Lease): Promise<void> {
  await removeSpentCopy(services, instanceUrl, lease);
  if (await services.mirrors.hasCopy(instanceUrl))
    services.log.warn(
      `an interrupted fresh copy of ${instanceUrl} lies beside its mirror: \`parahack-sync backfill\` goes on with it`,
    );
}

async function firstCopy({ context, budget }: ConnectedOrg, tell: Tell, signal: AbortSignal): Promise<void> {
  const report = await backfill(context, { callsLeft: () => budget.remaining(), signal });
  if (report.error !== null) {
    signal.throwIfAborted();
    const { code, message, hint } = report.error;
    throw new AppError(errorCodeOf(code), message, { hint: hint ?? undefined });
  }
  const { instanceUrl, contacts, durationMs, apiCalls, runId } = report;
  tell({
    event: 'backfill:complete',
    instanceUrl,
    contacts: contacts ?? 0,
    durationMs,
    apiCalls,
    runId: runId ?? '',
  });
}
