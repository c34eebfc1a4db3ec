import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { LeaseHolder } from '../sync/ports/leases.ts';
import type { MarkName } from './process-mark.ts';
import { processToken } from './process-token.ts';

/** Who holds a lease, as it lies beside the lock. */
export interface HolderNote {
  holder: LeaseHolder;
  /** The note is believed as long as this is shown. */
  mark: MarkName;
}

/** Notes that this process is it. `since`: ms since 1970. */
export function noteHolder(
  path: string,
  note: { since: number; purpose: string | undefined; mark: MarkName },
): void {
  try {
    const whole = { pid: process.pid, process: processToken(), ...note };
    writeFileSync(path, JSON.stringify(whole), { mode: 0o600 });
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
      process?: string;
    };
    const { pid, since, purpose, mark } = note;
    if (typeof pid !== 'number' || typeof since !== 'number') return null;
    if (typeof mark?.file !== 'string' || typeof mark.token !== 'string') return null;
    const isThisProcess = note.process === processToken();
    return {
      holder: { pid, isThisProcess, since, ...(typeof purpose === 'string' ? { purpose } : {}) },
      mark: { file: mark.file, token: mark.token },
    };
  } catch {
    return null;
  }
}
