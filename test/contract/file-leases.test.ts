import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { leasesContract } from './leases.contract.ts';

leasesContract('on files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-leases-'));
  return {
    leases: openFileLeases(folder),
    reopen: () => openFileLeases(folder),
    // All of it, the number of the last taking too.
    takeAway: () => rmSync(folder, { recursive: true }),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
