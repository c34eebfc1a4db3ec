import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openFileLeases } from '../../src/lease/file-leases.ts';

const disk = vi.hoisted(() => ({ isSilent: false }));
vi.mock('../../src/base/inode.ts', async (original) => {
  const { inodeOf } = await original<typeof import('../../src/base/inode.ts')>();
  return {
    inodeOf(path: string) {
      if (disk.isSilent) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      return inodeOf(path);
    },
  };
});

it('a folder that cannot be looked at for a while neither ends the process nor its leases', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-silent-folder-'));
  const uncaught: unknown[] = [];
  const hear = (error: unknown) => void uncaught.push(error);
  process.prependListener('uncaughtException', hear);
  try {
    await using lease = (await openFileLeases(folder, { lookMs: 5 }).take('watch'))!;
    disk.isSilent = true;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await lease.confirm();
    expect(lease.lost.aborted).toBe(false);
    expect(uncaught).toEqual([]);
    disk.isSilent = false;
    rmSync(join(folder, 'watch.lock'));
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  } finally {
    disk.isSilent = false;
    process.off('uncaughtException', hear);
    rmSync(folder, { recursive: true, force: true });
  }
});
