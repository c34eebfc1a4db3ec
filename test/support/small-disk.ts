import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lackRealPart } from './real-part.ts';

/** A disk of its own, in memory, that can really be full or read-only. */
export interface SmallDisk extends Disposable {
  path: string;
  /** Leaves no byte free. */
  fill(): void;
  /** Frees what `fill` has taken. */
  free(): void;
  /** Nothing may be open on it to be written. */
  makeReadOnly(): void;
  makeWritable(): void;
}

/** Whether this process may mount one; where it may not the test is skipped, or fails, as for a missing program. */
export function haveSmallDisks(): boolean {
  try {
    mountDisk(64)[Symbol.dispose]();
    return true;
  } catch (error) {
    return lackRealPart(`A disk that is full or read-only is not to be had: ${(error as Error).message}`);
  }
}

export function mountDisk(kilobytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'parahack-sync-disk-'));
  const filler = join(path, 'filler');
  try {
    mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path);
  } catch (error) {
    rmSync(path, { recursive: true });
    throw error;
  }
  return {
    path,
    fill() {
      const file = openSync(filler, 'a', 0o600);
      try {
        for (const block of [Buffer.alloc(4_096), Buffer.alloc(1)]) while (writeSync(file, block) > 0);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    makeReadOnly: () => mount('-o', 'remount,ro', path),
    makeWritable: () => mount('-o', 'remount,rw', path),
    [Symbol.dispose]() {
      run('umount', path);
      rmSync(path, { recursive: true });
    },
  };
}

function mount(...args: string[]): void {
  run('mount', ...args);
}

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim());
}
