import { existsSync, rmSync } from 'node:fs';
import { lockFile } from '../../../sqlite/lock-file.ts';

/** Beside the file and not on it, which a push writes and a mirror's writer reads meanwhile. */
const lockPath = (path: string) => `${path}.lock`;

/**
 * Holds a staged file as in use until that is ended, or with its process. Other containers cannot tell whether a
 * process lives, and its file's age says nothing where a machine slept or a clock leapt; the lock they see.
 */
export function holdSpool(path: string): () => void {
  const lock = lockFile(lockPath(path), { create: true });
  if (lock === null) throw new Error(`Another process holds ${path}, whose name is this one's alone.`);
  return () => {
    lock.close();
    rmSync(lockPath(path), { force: true });
  };
}

/** Whether some process, wherever it runs, holds the staged file. */
export function isSpoolHeld(path: string): boolean {
  if (!existsSync(lockPath(path))) return false;
  try {
    const lock = lockFile(lockPath(path), { create: false });
    lock?.close();
    return lock === null;
  } catch {
    return false;
  }
}
