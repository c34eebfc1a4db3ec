import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, isLocked, lockFile } from './lock-file.ts';

/** Which mark a holder's note refers to. */
export interface MarkName {
  file: string;
  /** A file is used by one process after another; this tells them apart. */
  token: string;
}

/** More processes than that with leases in one folder at once, and the last ones are not told of. */
const filesAtMost = 1_000;

/**
 * Shows that this process lives, to whoever asks who holds a lease: one locked file for all leases of the process,
 * because each open file is one of the few that a process may have. Whoever asks looks at that file only, with a shared
 * lock, and so never keeps anyone from taking a lease.
 */
export class ProcessMark {
  readonly name: MarkName;
  readonly #lock: FileLock;
  #users = 0;

  private constructor(name: MarkName, lock: FileLock) {
    this.name = name;
    this.#lock = lock;
  }

  /** Null where none can be kept: a courtesy to those who ask; the lock of the lease is what counts. */
  static show(folder: string): ProcessMark | null {
    try {
      for (let n = 1; n <= filesAtMost; n++) {
        const file = `process-${n}`;
        const lock = lockFile(shownPath(folder, file));
        // Another process', or looked at in this very moment.
        if (lock === null) continue;
        const token = randomUUID();
        try {
          writeFileSync(tokenPath(folder, file), token, { mode: 0o600 });
        } catch {
          lock.close();
          return null;
        }
        return new ProcessMark({ file, token }, lock);
      }
    } catch {}
    return null;
  }

  get isInPlace(): boolean {
    return this.#lock.isInPlace;
  }

  /** One lease more; the file is closed with the last one's end. */
  use(): () => void {
    this.#users++;
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      if (--this.#users === 0) this.#lock.close();
    };
  }

  get isClosed(): boolean {
    return this.#users === 0;
  }
}

/** Whether the process that has shown the mark still lives. */
export function isShown(folder: string, { file, token }: MarkName): boolean {
  if (!/^process-\d+$/.test(file) || !isLocked(shownPath(folder, file))) return false;
  try {
    return readFileSync(tokenPath(folder, file), 'utf8') === token;
  } catch {
    return false;
  }
}

function shownPath(folder: string, file: string): string {
  return join(folder, `${file}.shown`);
}

function tokenPath(folder: string, file: string): string {
  return join(folder, `${file}.token`);
}
