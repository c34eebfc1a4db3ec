import { statSync } from 'node:fs';

/** Device and inode, null where nothing lies at the path. Big numbers, for Windows' file ids have 64 bits. */
export function inodeOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}
