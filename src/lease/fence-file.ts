import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';

/** Digits of the number and a line feed; of one length, so that a disk without a free byte takes it in place of the last. */
const digits = 16;
/** For the clock to pass a millisecond; one that stands still is no ground for a fence. */
const longestWait = 100;

/**
 * The next fence of a name whose lock the caller holds, kept in the file at `path` before it is used. At least the time
 * in ms since 1970, so that it grows also where the file was lost. Where the file cannot be written (a full disk, a
 * folder without rights) the clock alone must do, and its millisecond is waited out, so that nobody else gets it. Throws
 * the system's error where the clock is behind the last fence then.
 */
export async function nextFence(path: string, above: number, clock: Clock): Promise<number> {
  const last = Math.max(readFence(path), above);
  const now = Math.floor(clock.now());
  try {
    const fence = Math.max(last + 1, now);
    writeFence(path, fence);
    return fence;
  } catch (error) {
    if (now <= last) throw error;
    for (let n = 0; Math.floor(clock.now()) <= now; n++) {
      if (n === longestWait) throw error;
      await clock.sleep(1);
    }
    return now;
  }
}

/** The fence of the last taking; 0 where none is known. What a damaged file holds behind it is never looked at. */
export function readFence(path: string): number {
  try {
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(digits + 1);
      const text = head.toString('latin1', 0, readSync(file, head, 0, head.length, 0));
      return /^\d{16}\n$/.test(text) ? Number(text) : 0;
    } finally {
      closeSync(file);
    }
  } catch {
    return 0;
  }
}

/** In place and at one stroke: a kill leaves the old number or the new one. On the disk before it returns. */
function writeFence(path: string, fence: number): void {
  const file = openToWrite(path);
  try {
    const text = Buffer.from(`${String(fence).padStart(digits, '0')}\n`, 'latin1');
    if (writeSync(file, text, 0, text.length, 0) < text.length)
      throw Object.assign(new Error(`The file ${path} cannot be written.`), { code: 'ENOSPC' });
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

function openToWrite(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return openSync(path, 'wx', 0o600);
  }
}
