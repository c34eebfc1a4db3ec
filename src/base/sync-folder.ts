import { open } from 'node:fs/promises';
import { systemCodeOf } from './errors.ts';

/** Of no folder, one that may be written and not read, and a file system that has no such call. */
const impossible = new Set(['ENOENT', 'EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS', 'EBADF']);

/**
 * Resolves when the names in a folder are on the disk: what was renamed or removed stays so through a power cut. Does
 * nothing where the system cannot be asked for that; Windows needs it not. Rejects with the system's error.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!impossible.has(systemCodeOf(error) ?? '')) throw error;
  }
}
