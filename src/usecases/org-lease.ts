import { setTimeout as sleep } from 'node:timers/promises';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { hostKeyOf } from '../org/instance-url.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Lease, LeaseHolder, Leases, TakeOptions } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { withLease } from '../sync/with-lease.ts';

/** The leases of this installation: one for each org, one for its outbox. */
export interface OrgLeases {
  readonly leases: Leases;
  readonly mirrors: Pick<Mirrors, 'fenceOf'>;
}

/** What an org's lease is held for; `watch` is the one that does not end by itself. */
export type OrgWork =
  | 'watch'
  | 'watch --once'
  | 'backfill'
  | 'reconcile'
  | 'archives prune'
  | 'logout'
  | 'login --move';

function orgLeaseName(instanceUrl: string): string {
  return `org-${hostKeyOf(instanceUrl)}`;
}

function drainLeaseName(instanceUrl: string): string {
  return `outbox-${hostKeyOf(instanceUrl)}`;
}

/** The lease of an org for whoever writes its mirror from Salesforce: a watch, a backfill. Throws `ORG_BUSY`. */
export async function takeOrgLease(
  { leases, mirrors }: OrgLeases,
  instanceUrl: string,
  purpose: OrgWork,
): Promise<Lease> {
  const name = orgLeaseName(instanceUrl);
  const above = await mirrors.fenceOf(instanceUrl, name);
  const { lease, holder } = await leaseOrHolder(leases, name, { purpose, above });
  if (lease !== null) return lease;
  if (holder === null) {
    throw new AppError('ORG_BUSY', `Another process is working on ${instanceUrl}.`, {
      hint: 'Try again when it is done.',
      details: null,
    });
  }
  const since = new Date(holder.since).toISOString();
  const details = { pid: holder.pid, since, purpose: holder.purpose ?? null };
  if (holder.isThisProcess) {
    const what = holder.purpose === undefined ? '' : ` (${holder.purpose})`;
    throw new AppError('ORG_BUSY', `Another call of this process is working on ${instanceUrl}${what}.`, {
      hint: `That call has held it since ${since}; wait for it or end it, then try again.`,
      details,
    });
  }
  const who = holder.purpose === undefined ? '' : `${holder.purpose}, `;
  throw new AppError(
    'ORG_BUSY',
    `Another process is working on ${instanceUrl} (${who}process ${holder.pid}).`,
    {
      hint: `Process ${holder.pid} has held it since ${since}; ${whatToDo(instanceUrl, holder.purpose)}`,
      details,
    },
  );
}

/** Four looks of a watch at its orgs: until then it has seen that sync is off, and has ended what it did. */
const leavingLooks = { count: 120, everyMs: 500 };

/**
 * The same for what follows `orgs disable`: a watch that has the org lets go of it by itself as soon as it sees that sync
 * is off, and is waited for. Throws `ORG_BUSY` where it does not, for it was started for this org by name.
 */
export async function takeLeftOrgLease(
  parts: OrgLeases & { readonly clock: Pick<Clock, 'sleep'> },
  { instanceUrl, sync }: Pick<OrgRecord, 'instanceUrl' | 'sync'>,
  purpose: OrgWork,
  { signal, onWait }: { signal: AbortSignal; onWait: () => void },
): Promise<Lease> {
  for (let look = 1; ; look++) {
    try {
      return await takeOrgLease(parts, instanceUrl, purpose);
    } catch (error) {
      const isLeaving = !sync && isAppError(error, 'ORG_BUSY') && error.details?.purpose === 'watch';
      if (!isLeaving || look > leavingLooks.count) throw error;
      if (look === 1) onWait();
    }
    await parts.clock.sleep(leavingLooks.everyMs, { signal });
  }
}

/** How often, and how far apart, whoever holds a lease is looked for until it has said who it is. */
const holderLooks = { count: 80, everyMs: 25 };

/**
 * The lease, or who holds it. Whoever has taken it a moment ago has yet to say so, and whoever is giving it back says so
 * no more: it is looked at again until it is one or the other. Both null where the holder cannot say who it is.
 */
async function leaseOrHolder(
  leases: Leases,
  name: string,
  options: TakeOptions,
): Promise<{ lease: Lease | null; holder: LeaseHolder | null }> {
  for (let look = 1; ; look++) {
    const lease = await leases.take(name, options);
    const holder = lease === null ? await leases.holderOf(name) : null;
    if (lease !== null || holder !== null || look === holderLooks.count) return { lease, holder };
    await sleep(holderLooks.everyMs);
  }
}

/** A watch does not end by itself: it lets go of an org, in a few seconds, whose sync is off. */
function whatToDo(instanceUrl: string, purpose: string | undefined): string {
  const watch: OrgWork = 'watch';
  return purpose === watch
    ? `stop that one, or run \`parahack-sync orgs disable ${instanceUrl}\`, then try again in a few seconds.`
    : 'stop that one, or try again later.';
}

/** Work that ends as soon as the lease is lost, with AppError `LEASE_LOST` where the abort was its end. */
export async function underLease<T>(
  lease: Lease,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(AbortSignal.any([signal, lease.lost]));
  } catch (error) {
    if (isAbort(error) && !signal.aborted) lease.lost.throwIfAborted();
    throw error;
  }
}

/** Whether some process works on the org's mirror right now. */
export async function isOrgLeased(
  { leases }: Pick<OrgLeases, 'leases'>,
  instanceUrl: string,
): Promise<boolean> {
  return (await leases.holderOf(orgLeaseName(instanceUrl))) !== null;
}

/** Works that make a reconcile which was left to whoever has the org. */
const comparing: readonly OrgWork[] = ['watch', 'reconcile'];

/** Whether somebody has the org right now who makes a reconcile that was left to it. */
export async function isOrgCompared(
  { leases }: Pick<OrgLeases, 'leases'>,
  instanceUrl: string,
): Promise<boolean> {
  const purpose = (await leases.holderOf(orgLeaseName(instanceUrl)))?.purpose;
  return comparing.some((work) => work === purpose);
}

/** Whether some process sends what the org's outbox holds right now. */
export async function isSending(
  { leases }: Pick<OrgLeases, 'leases'>,
  instanceUrl: string,
): Promise<boolean> {
  return (await leases.holderOf(drainLeaseName(instanceUrl))) !== null;
}

/** Lends the lease of an org's outbox, waiting for whoever sends right now. */
export function withDrainLease(
  { leases, mirrors }: OrgLeases,
  instanceUrl: string,
  signal: AbortSignal,
  onWait?: () => void,
) {
  const name = drainLeaseName(instanceUrl);
  return async <T>(work: (lease: Lease) => Promise<T>): Promise<T> => {
    if ((await leases.holderOf(name)) !== null) onWait?.();
    const above = await mirrors.fenceOf(instanceUrl, name);
    return withLease(leases, name, work, { above, signal });
  };
}

/**
 * Lends the lease of an org's outbox where it is free. Throws `ORG_BUSY` where somebody else is sending: whoever has a
 * timetable to keep leaves the outbox to that one, which sends all of it.
 */
export function withFreeDrainLease({ leases, mirrors }: OrgLeases, instanceUrl: string) {
  const name = drainLeaseName(instanceUrl);
  return async <T>(work: (lease: Lease) => Promise<T>): Promise<T> => {
    const above = await mirrors.fenceOf(instanceUrl, name);
    await using lease = await leases.take(name, { above });
    if (lease !== null) return await work(lease);
    const other = (await leases.holderOf(name))?.isThisProcess ? 'call of this process' : 'process';
    throw new AppError('ORG_BUSY', `Another ${other} is sending what the outbox of ${instanceUrl} holds.`, {
      hint: 'All of it is sent by that one.',
    });
  };
}

/** Whether the error says that the lease is lost, be it told by the lease or by the mirror. */
export function isLeaseLost(error: unknown): boolean {
  return isAppError(error, 'LEASE_LOST');
}

/** The name of the lease that says "a watch runs on this data folder". */
export const watchLeaseName = 'watch';
