import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { LeaseHolder } from '../sync/ports/leases.ts';
import type { MarkName } from './process-mark.ts';

/** Who holds a lease, as it lies beside the lock. */
export interface HolderNote {
  holder: LeaseHolder;
  /** The note is believed as long as this is shown. */
  mark: MarkName;
}

export function noteHolder(path: string, { holder, mark }: HolderNote): void {
  try {
    writeFileSync(path, JSON.stringify({ ...holder, mark }), { mode: 0o600 });
  } catch {
    // The lock is what counts; who holds it is a courtesy to whoever waits.
  }
}

/** Throws never: the lock itself must be given back all the same. */
export function forgetHolder(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    emptyNote(path);
  }
}

/** In a folder that has become read-only a file cannot be removed, but written. */
function emptyNote(path: string): void {
  try {
    writeFileSync(path, '');
  } catch {}
}

export function readHolder(path: string): HolderNote | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<LeaseHolder> & {
      mark?: Partial<MarkName>;
    };
    const { pid, since, purpose, mark } = note;
    if (typeof pid !== 'number' || typeof since !== 'number') return null;
    if (typeof mark?.file !== 'string' || typeof mark.token !== 'string') return null;
    return {
      holder: { pid, since, ...(typeof purpose === 'string' ? { purpose } : {}) },
      mark: { file: mark.file, token: mark.token },
    };
  } catch {
    return null;
  }
}
