import { AppError } from '../base/errors.ts';
import type { HeldLock, Locks } from '../lock/locks.ts';
import { hostKeyOf } from '../org/instance-url.ts';

/** The locks of this installation: one for each org, one for its outbox. */
export interface OrgLocks {
  readonly locks: Pick<Locks, 'tryAcquire' | 'holderOf' | 'withLock'>;
}

/** What an org's lock is held for; `watch` is the one that does not end by itself. */
export type OrgWork = 'watch' | 'watch --once' | 'backfill' | 'archives prune' | 'logout' | 'login --move';

/** The lock of an org for whoever writes its mirror from Salesforce: a watch, a backfill. Throws `ORG_BUSY`. */
export function lockOrg({ locks }: OrgLocks, instanceUrl: string, purpose: OrgWork): HeldLock {
  const name = `org-${hostKeyOf(instanceUrl)}`;
  const lock = locks.tryAcquire(name, { purpose });
  if (lock !== null) return lock;
  const holder = locks.holderOf(name);
  if (holder === null) {
    throw new AppError('ORG_BUSY', `Another process is working on ${instanceUrl}.`, {
      hint: 'Try again when it is done.',
      details: null,
    });
  }
  const since = new Date(holder.since).toISOString();
  const who = holder.purpose === undefined ? '' : `${holder.purpose}, `;
  throw new AppError(
    'ORG_BUSY',
    `Another process is working on ${instanceUrl} (${who}process ${holder.pid}).`,
    {
      hint: `Process ${holder.pid} has held it since ${since}; stop that one, or try again later.`,
      details: { pid: holder.pid, since, purpose: holder.purpose ?? null },
    },
  );
}

/** Whether some process works on the org's mirror right now. */
export function isOrgLocked({ locks }: OrgLocks, instanceUrl: string): boolean {
  return locks.holderOf(`org-${hostKeyOf(instanceUrl)}`) !== null;
}

/** Whether some process sends what the org's outbox holds right now. */
export function isSending({ locks }: OrgLocks, instanceUrl: string): boolean {
  return locks.holderOf(`outbox-${hostKeyOf(instanceUrl)}`) !== null;
}

/** Lends the lock of an org's outbox, waiting for whoever sends right now. */
export function withDrainLock(
  services: OrgLocks,
  instanceUrl: string,
  signal: AbortSignal,
  onWait?: () => void,
) {
  const name = `outbox-${hostKeyOf(instanceUrl)}`;
  return <T>(work: () => Promise<T>): Promise<T> => {
    if (services.locks.holderOf(name) !== null) onWait?.();
    return services.locks.withLock(name, work, { signal });
  };
}

/**
 * Lends the lock of an org's outbox where it is free. Throws `ORG_BUSY` where another process is sending: whoever has
 * a timetable to keep leaves the outbox to that one, which sends all of it.
 */
export function withFreeDrainLock({ locks }: OrgLocks, instanceUrl: string) {
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = locks.tryAcquire(`outbox-${hostKeyOf(instanceUrl)}`);
    if (lock === null)
      throw new AppError('ORG_BUSY', `Another process is sending what the outbox of ${instanceUrl} holds.`);
    try {
      return await work();
    } finally {
      lock.release();
    }
  };
}

/** The name of the lock that says "a watch runs on this data folder". */
export const watchLockName = 'watch';
