import type { WithLock } from '../../src/auth/with-lock.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import { withLease } from '../../src/sync/with-lease.ts';

/** A lease that nobody takes away, for tests of what is done under one. */
export function heldLease(name = 'org-test', fence = 1): Lease {
  return {
    name,
    fence,
    lost: new AbortController().signal,
    async confirm() {},
    async release() {},
    async [Symbol.asyncDispose]() {},
  };
}

/** Locks on files in `folder`, as the program hands them to `auth`. */
export function lockingIn(folder: string): WithLock {
  const leases = openFileLeases(folder);
  return (name, work, options) => withLease(leases, name, work, options);
}
