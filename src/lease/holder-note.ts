import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { LeaseHolder } from '../sync/ports/leases.ts';

export function noteHolder(path: string, holder: LeaseHolder): void {
  try {
    writeFileSync(path, JSON.stringify(holder), { mode: 0o600 });
  } catch {
    // The lock is what counts; who holds it is a courtesy to whoever waits.
  }
}

/** Whoever finds a note beside a free lock does not believe it, so one that cannot be removed does no harm. */
export function forgetHolder(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder may have become read-only; the lock itself must be given back all the same.
  }
}

export function readHolder(path: string): LeaseHolder | null {
  try {
    const { pid, since, purpose } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LeaseHolder>;
    if (typeof pid !== 'number' || typeof since !== 'number') return null;
    return { pid, since, ...(typeof purpose === 'string' ? { purpose } : {}) };
  } catch {
    return null;
  }
}
