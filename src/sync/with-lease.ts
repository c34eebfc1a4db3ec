import type { Lease, Leases, WaitOptions } from './ports/leases.ts';

/** Lends the lease to `work` as soon as it is free, and gives it back whatever happens. */
export async function withLease<T>(
  leases: Pick<Leases, 'wait'>,
  name: string,
  work: (lease: Lease) => Promise<T>,
  options?: WaitOptions,
): Promise<T> {
  await using lease = await leases.wait(name, options);
  return await work(lease);
}
