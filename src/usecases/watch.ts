import type { CredentialStore } from '../auth/credential-store.ts';
import { CloseStack } from '../base/close-stack.ts';
import { AppError, isAppError, messageOf } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { WatchEvent, WatchOptions, WatchResult } from '../contract/watch.ts';
import { Daemon } from '../daemon/daemon.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { eachOrgOnce } from '../orgs/rules/connected-once.ts';
import type { FailureNotes } from '../sync/ports/failure-notes.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { syncOrgs } from './chosen-orgs.ts';
import { followPrograms } from './follow-programs.ts';
import { lostLogin } from './lost-login.ts';
import { NotedFailures } from './noted-failures.ts';
import { watchLeaseName } from './org-lease.ts';
import { renewIdleLogins } from './renew-idle.ts';
import { ToldPushes } from './told-pushes.ts';
import { presentTwoWay } from './two-way-of.ts';
import { openWatchedOrg } from './watched-org.ts';
import type { Care, WatchedOrgParts } from './watched-org-parts.ts';

export interface WatchParts extends WatchedOrgParts {
  readonly failureNotes: FailureNotes;
  readonly credentials: Pick<CredentialStore, 'get'>;
}

type Tell = Care['tell'];

/** Polls each org on its own timetable until the signal aborts, or once. */
export async function watch(
  parts: WatchParts,
  options: WatchOptions,
  { signal, onEvent }: CallContext<WatchEvent>,
): Promise<WatchResult> {
  const { intervalMs, once } = options;
  const chosen = await syncOrgs(parts, options.orgs);
  const byUrl = new Map(chosen.map((org) => [org.instanceUrl, org]));
  // With named orgs these are watched whatever their flag; without, the registry is looked at again and again.
  const named = options.orgs.length > 0 || parts.hasProcessOrg || once;
  let watched: readonly OrgRecord[] = [];
  /** Those whose mirrors programs may write to. */
  let written: readonly string[] = [];
  let isBegun = false;
  /** Why the orgs cannot be listed, told once and not at each look. */
  let listTrouble: string | null = null;
  const tellListTrouble = (trouble: string | null) => {
    if (trouble !== null && trouble !== listTrouble) parts.log.warn(trouble);
    listTrouble = trouble;
  };
  let listed = Promise.withResolvers<void>();
  let said: Lease | null = null;
  const list = async () => {
    const orgs = await listNow();
    written = await writtenOrgs(orgs);
    listed.resolve();
    listed = Promise.withResolvers();
    return orgs;
  };
  const listNow = async () => {
    if (named) {
      if (once || parts.hasProcessOrg) return [...byUrl.keys()];
      await readAgain(parts, byUrl);
      tellListTrouble(await lossOfList(parts));
      return [...byUrl.keys()];
    }
    const wanted = eachOrgOnce(await parts.registry.list()).filter(({ sync }) => sync);
    tellListTrouble(await lossOfList(parts));
    if (isBegun) tellChanges(watched, wanted, tell);
    watched = wanted;
    for (const org of wanted) byUrl.set(org.instanceUrl, org);
    return wanted.map(({ instanceUrl }) => instanceUrl);
  };
  const writtenOrgs = async (urls: readonly string[]) => {
    if (once || !options.push) return [];
    const states = await Promise.all(urls.map((url) => presentTwoWay(parts, byUrl.get(url)!)));
    return urls.filter((_, i) => states[i]?.on);
  };
  let cycles = 0;
  let failed = 0;
  let skipped = 0;
  const pushes = new ToldPushes({ once });
  const noted = new NotedFailures(parts);
  const tell: Tell = (event, { isTried } = { isTried: true }) => {
    if (event.event === 'cycle:complete') cycles++;
    if (event.event === 'cycle:complete' || event.event === 'push:complete') pushes.see(event, { isTried });
    if (event.event === 'cycle:failed') failed++;
    if (event.event === 'cycle:skipped') skipped++;
    noted.see(event);
    onEvent(event);
  };
  // Only says that a watch runs; which orgs it may write is decided by the leases of the orgs.
  await using held = new CloseStack();
  const sayRunning = async () => {
    // Lost where its file was deleted: nobody would see that this watch runs.
    if (once || (said !== null && !said.lost.aborted)) return;
    const lease = await parts.leases.take(watchLeaseName);
    if (lease === null) return;
    // The room of their notes was made at the start, and is gone with the lock.
    if (said !== null) for (const url of byUrl.keys()) parts.failureNotes.makeRoom(url);
    said = held.use(lease);
    await noted.signAs(watchLeaseName);
  };
  await sayRunning();
  tell({ event: 'watch:start', orgs: await list(), intervalMs, once, pid: process.pid });
  isBegun = true;
  // Its token cannot be renewed, and no login brings another one to this process.
  const over = new AbortController();
  const isOfEnvironment = (url: string) => parts.hasProcessOrg && byUrl.get(url)?.orgId === '';
  const ended = { isOver: true, isReplaced: async () => false };
  const onCommit = (instanceUrl: string) => void daemon.nudgePush(instanceUrl);
  await using daemon = new Daemon({
    list: async () => {
      // Another watch that was there first may have ended.
      await sayRunning().catch(() => {});
      return list();
    },
    alongside: async (end) => {
      if (once) return;
      const programs = options.push
        ? followPrograms(parts, { orgs: () => written, changed: () => listed.promise, onCommit }, end)
        : null;
      await Promise.all([renewIdleLogins(parts, end), programs]);
    },
    intervalMs,
    once,
    signal: AbortSignal.any([signal, over.signal]),
    clock: parts.clock,
    open: (url) => openWatchedOrg(parts, byUrl.get(url)!, { options, signal, tell }),
    lostLogin: async (url) => (isOfEnvironment(url) ? ended : lostLogin(parts, url)),
    onFailed: (instanceUrl, error, retryInMs, failures) => {
      const endsWatch = !once && isOfEnvironment(instanceUrl) && isAppError(error, 'LOGIN_REQUIRED');
      tell({ event: 'cycle:failed', instanceUrl, error: errorInfoOf(error), retryInMs, failures, endsWatch });
      if (endsWatch) over.abort();
    },
    onSkipped: (instanceUrl, error, retryInMs) =>
      tell({ event: 'cycle:skipped', instanceUrl, error: errorInfoOf(error), retryInMs }),
    onListFailed: (error) => tellListTrouble(failureOfList(error)),
    onResumed: (standstillMs) => tell({ event: 'watch:resumed', suspendedMs: Math.round(standstillMs) }),
    onRecovered: (instanceUrl, failures, lastedMs) =>
      tell({ event: 'cycle:recovered', instanceUrl, failures, lastedMs: Math.round(lastedMs) }),
  });
  const outcomes = await daemon.start();
  // One that is to go on ends by itself only where another watch has all of its orgs.
  const reason = signal.aborted ? 'signal' : once ? 'once' : over.signal.aborted ? 'login' : 'busy';
  tell({ event: 'watch:stop', reason, cycles, failed, skipped });
  return {
    orgs: outcomes.map(({ instanceUrl, error }) => ({
      instanceUrl,
      error: error === null ? null : errorInfoOf(error),
      push: pushes.of(instanceUrl),
    })),
  };
}

function failureOfList(error: unknown): string {
  const hint = error instanceof AppError && error.hint !== undefined ? ` ${error.hint}` : '';
  return `the connected orgs cannot be listed now, those that are watched go on: ${messageOf(error)}${hint}`;
}

/** Null where the list is the one that was read at first. */
async function lossOfList({ registry }: WatchParts): Promise<string | null> {
  if (await registry.isInPlace()) return null;
  return 'the list of connected orgs was removed or emptied while it was watched: the orgs that are watched go on until this watch ends; put registry.db back, or log in to each of them again';
}

/** What `orgs set` has changed of orgs that are watched by name; one that was logged out stays as it was. */
async function readAgain({ registry }: WatchParts, byUrl: Map<string, OrgRecord>): Promise<void> {
  for (const url of byUrl.keys()) {
    const org = await registry.get(url);
    if (org !== null) byUrl.set(url, org);
  }
}

function tellChanges(before: readonly OrgRecord[], now: readonly OrgRecord[], tell: Tell): void {
  const former = new Map(before.map((org) => [org.instanceUrl, org]));
  for (const { instanceUrl, alias } of now) {
    const known = former.get(instanceUrl);
    former.delete(instanceUrl);
    if (known === undefined) tell({ event: 'org:added', instanceUrl, alias });
    else if (known.alias !== alias) tell({ event: 'org:renamed', instanceUrl, alias });
  }
  for (const instanceUrl of former.keys()) tell({ event: 'org:removed', instanceUrl });
}
