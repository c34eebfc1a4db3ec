import { MemoryLeases } from '../../src/lease/memory-leases.ts';
import { leasesContract } from './leases.contract.ts';

leasesContract('in memory', async () => {
  const leases = new MemoryLeases();
  return {
    leases,
    reopen: () => leases,
    takeAway: (name) => leases.drop(name),
    async [Symbol.asyncDispose]() {},
  };
});
