import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { throwIfAborted } from '../base/abort.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { leaseLost } from '../base/lease-lost.ts';
import { makeFolder } from '../base/make-folder.ts';
import type { Lease, LeaseHolder, Leases, TakeOptions, WaitOptions } from '../sync/ports/leases.ts';
import { nextFence, readFence } from './fence-file.ts';
import { fileNameOf } from './file-name.ts';
import { forgetHolder, noteHolder, readHolder } from './holder-note.ts';
import { LeaseLooks } from './lease-looks.ts';
import { type FileLock, lockFile, locksUnusable } from './lock-file.ts';
import { isShown, ProcessMark } from './process-mark.ts';
import { waitForLease } from './wait-for-lease.ts';

export interface FileLeasesOptions {
  clock?: Clock;
  /** Time between two looks whether a lease is lost, milliseconds. */
  lookMs?: number;
}

/**
 * Leases on locks that the operating system releases when their process dies, a few small files each, shared by every
 * process that opens the same folder. One open file for each lease, and one for all. Folder 0700, files 0600.
 */
export function openFileLeases(folder: string, options: FileLeasesOptions = {}): Leases {
  return new FileLeases(folder, options);
}

class FileLeases implements Leases {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #looks: LeaseLooks;
  #prepared: string | null = null;
  #mark: ProcessMark | null = null;

  constructor(folder: string, { clock = systemClock, lookMs = 1_000 }: FileLeasesOptions) {
    this.#folder = folder;
    this.#clock = clock;
    this.#looks = new LeaseLooks(lookMs);
  }

  async take(name: string, { purpose, above = 0, signal }: TakeOptions = {}): Promise<Lease | null> {
    throwIfAborted(signal);
    const folder = this.#prepare();
    const files = filesOf(folder, name);
    const lock = lockFile(files.lock);
    if (lock === null) return null;
    try {
      const fence = await this.#nextFence(files.fence, above);
      // Deleted before the number was written: whoever has the file that lies there now has a number of its own.
      if (!lock.isInPlace) {
        lock.close();
        return null;
      }
      const hide = this.#show(folder, files, purpose);
      return new FileLease(name, fence, { files, lock, hide, looks: this.#looks });
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  wait(name: string, options: WaitOptions = {}): Promise<Lease> {
    return waitForLease(this, name, options, this.#clock);
  }

  async holderOf(name: string): Promise<LeaseHolder | null> {
    if (!existsSync(this.#folder)) return null;
    const folder = realpathSync(this.#folder);
    const note = readHolder(filesOf(folder, name).holder);
    return note !== null && isShown(folder, note.mark) ? note.holder : null;
  }

  /** Notes who holds the lease now. The answer ends that this process shows itself for it. */
  #show(folder: string, { holder: path }: LeaseFiles, purpose: string | undefined): () => void {
    if (this.#mark === null || this.#mark.isClosed || !this.#mark.isInPlace) {
      this.#mark = ProcessMark.show(folder);
    }
    // The former holder's note is believed no more, whether or not there is one in its place.
    if (this.#mark === null) return () => {};
    noteHolder(path, { since: this.#clock.now(), purpose, mark: this.#mark.name });
    return this.#mark.use();
  }

  async #nextFence(path: string, above: number): Promise<number> {
    try {
      return await nextFence(path, above, this.#clock);
    } catch (error) {
      throw locksUnusable(path, error);
    }
  }

  /** Made by the first lease that is taken, so that whoever only asks needs no right to write. */
  #prepare(): string {
    if (this.#prepared !== null && existsSync(this.#prepared)) return this.#prepared;
    try {
      makeFolder(this.#folder);
      // Two names of one folder must lead to one lock: SQLite tells files apart by inode, people do not.
      this.#prepared = realpathSync(this.#folder);
      return this.#prepared;
    } catch (error) {
      throw locksUnusable(this.#folder, error);
    }
  }
}

interface LeaseFiles {
  /** Locked by the holder. */
  lock: string;
  /** Who it is, for people. */
  holder: string;
  /** The fence of the last taking. */
  fence: string;
}

function filesOf(folder: string, name: string): LeaseFiles {
  const stem = join(folder, fileNameOf(name));
  return {
    lock: `${stem}.lock`,
    holder: `${stem}.holder`,
    fence: `${stem}.fence`,
  };
}

class FileLease implements Lease {
  readonly name: string;
  readonly fence: number;
  readonly #files: LeaseFiles;
  readonly #lock: FileLock;
  readonly #hide: () => void;
  readonly #losing = new AbortController();
  readonly #endLooks: () => void;
  #isReleased = false;

  constructor(
    name: string,
    fence: number,
    held: { files: LeaseFiles; lock: FileLock; hide: () => void; looks: LeaseLooks },
  ) {
    this.name = name;
    this.fence = fence;
    this.#files = held.files;
    this.#lock = held.lock;
    this.#hide = held.hide;
    this.#endLooks = held.looks.begin(() => this.#look());
  }

  get lost(): AbortSignal {
    return this.#losing.signal;
  }

  async confirm(): Promise<void> {
    if (this.#isReleased) throw new Error(`The lease "${this.name}" was given back already.`);
    this.#look();
    if (this.lost.aborted) throw this.lost.reason;
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#look();
    this.#isReleased = true;
    this.#endLooks();
    // The note that lies there now is the next holder's.
    if (!this.lost.aborted) forgetHolder(this.#files.holder);
    this.#hide();
    this.#lock.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Lost with its file; or the file system has dropped the lock, and another holder has left its number. */
  #look(): void {
    if (this.lost.aborted) return;
    const seen = readFence(this.#files.fence);
    if (this.#lock.isInPlace && seen <= this.fence) return;
    this.#endLooks();
    this.#losing.abort(leaseLost(this.name, { fence: this.fence }));
  }
}
