import type { Clock } from '../../base/clock.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { inodeOf } from '../../base/inode.ts';
import { runAgain } from '../../base/run-again.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Readable } from '../../sqlite/open-readable.ts';
import { assertLeased, type Fence } from '../write-kinds.ts';
import { openToTell } from './connection.ts';
import { checkVersion } from './mirror-format.ts';
import { isEmpty, readAsCurrent } from './schema.ts';
import { mapSqliteFault } from './sqlite-fault.ts';
import { kindOfWrite, type Write } from './writer/call-kinds.ts';
import type { MirrorCalls } from './writer/protocol.ts';
import type { PageRoute } from './writer/send-page.ts';
import type { WriterClient } from './writer/writer-client.ts';

/** One call of the writer thread, in its turn among the writes of this mirror. */
export type MirrorWrite = <K extends Write>(
  call: K,
  ...args: Parameters<MirrorCalls[K]>
) => Promise<ReturnType<MirrorCalls[K]>>;

/**
 * Another process may hold the write lock for the length of its own transaction: a second at most where it is
 * ours, also for a page of a hundred thousand rows. Whoever holds it for 15 seconds is a stranger.
 */
export const busyTries = 60;
export const busyPauseMs = 200;
/** For what is only noted at the end of work that was ended, or that has waited in vain already. */
const shortTries = 5;

/** KB; what is read beside the writing is read in order, and SQLite's binding would keep 16 MB of it for each mirror. */
const readerCacheKb = 2_048;

let opened = 0;

/** One mirror's file: a connection of its own to read, opened by the first read, and the writer thread that it shares. */
export class MirrorFile {
  readonly path: string;
  /** Its name on the writer thread. Not the path: another file may come to lie there while this one is open. */
  readonly #key: string;
  readonly #thread: WriterClient;
  readonly #clock: Clock;
  /** On a full disk not the file beside its writers, but what stands in for it. */
  #reader: Readable | null = null;
  #writing: Promise<void> | null = null;
  /** It may be open on its thread, though not all that was asked of that went well. */
  #askedThread = false;
  /** `deaths` of the client when the mirror was opened on its thread. */
  #deaths = 0;
  /** Writes go one after the other, so that a repeated one is not overtaken. */
  readonly #turns = new Semaphore(1);
  #nextPage = 1;
  /** Which file it is, once it is there. */
  #inode: string | null = null;
  /** The last write waited in vain for another program's lock. */
  #waitedInVain = false;
  /** It was opened in a former version's form, for it could not be written. */
  #isOutdated = false;
  #closed = false;

  constructor(path: string, thread: WriterClient, clock: Clock) {
    this.path = path;
    this.#key = `${path}#${++opened}`;
    this.#thread = thread;
    this.#clock = clock;
  }

  /**
   * Makes sure that the file exists in this tool's version; starts the writer thread only where it must. A former
   * version's that cannot be written can still be read; each write of it says why it cannot be. An empty file holds
   * nothing to read.
   */
  async prepare(create: boolean, signal?: AbortSignal): Promise<void> {
    if (!this.#isCurrent(create)) {
      try {
        await this.#patiently(signal, () => this.#openWriter(create));
      } catch (error) {
        if (create || !isAppError(error, 'DATA_DIR_UNWRITABLE', 'DISK_FULL', 'MIRROR_FAILED')) throw error;
        if (this.read(isEmpty)) throw error;
        this.#isOutdated = true;
        this.read(readAsCurrent);
      }
    }
    this.#inode = inodeOf(this.path);
  }

  /** Whether the file is still the one that lies at its path. */
  get isInPlace(): boolean {
    return this.#inode === null || this.#inode === inodeOf(this.path);
  }

  read<T>(work: (db: Connection) => T): T {
    this.#refuseReplaced();
    try {
      return work(this.#reading());
    } catch (error) {
      throw mapSqliteFault(error, this.path);
    } finally {
      if (this.#reader?.locksOut) this.#leaveStandIn();
    }
  }

  /**
   * Writes that wait for another program's lock end with `signal`; each is tried at least once. All carry the
   * fences of `leases`, and without any only those go through that need no lease.
   */
  writer(signal: AbortSignal | undefined, leases: readonly Fence[]): MirrorWrite {
    // A lease is more than its fence, and no thread's but this one's.
    const fences = leases.map(({ name, fence }) => ({ name, fence }));
    return async (call, ...args) => {
      assertLeased(kindOfWrite(call, args), fences);
      return this.#turns.run(() => this.#patiently(signal, () => this.#call(call, args, fences)));
    };
  }

  /** For whoever is about to write much at once. */
  async writeByThread(): Promise<void> {
    await this.#thread.moveToThread();
  }

  /** Where the blocks of a new page of `object` go. */
  pageRoute(object: string): PageRoute {
    return {
      client: this.#thread,
      mirror: this.#key,
      object,
      page: this.#nextPage++,
      ready: () => this.#openWriter(false),
    };
  }

  async dropPage(page: number): Promise<void> {
    if (!this.#isOpenOnThread) return;
    // A thread that dies over it takes the page along; the error that matters is the page's own.
    await this.#thread.call(this.#key, 'dropPage', [page]).catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turns.run(async () => {});
    this.#reader?.db.close();
    this.#reader = null;
    await this.#writing?.catch(() => {});
    if (!this.#askedThread || this.#deaths !== this.#thread.deaths) return;
    await this.#thread.close(this.#key);
  }

  #isCurrent(create: boolean): boolean {
    try {
      return this.read((db) => checkVersion(db, this.path)) === 'current';
    } catch (error) {
      if (!(create && isAppError(error, 'NO_MIRROR'))) throw error;
      return false;
    }
  }

  #reading(): Connection {
    this.#refuseClosed();
    if (this.#reader === null) {
      this.#reader = openToTell(this.path);
      this.#reader.db.pragma(`cache_size = -${readerCacheKb}`);
      if (this.#isOutdated) readAsCurrent(this.#reader.db);
    }
    return this.#reader.db;
  }

  /** One message, also where the mirror has to be opened on the thread for it. */
  async #call<K extends Write>(
    call: K,
    args: Parameters<MirrorCalls[K]>,
    fences: readonly Fence[],
  ): Promise<ReturnType<MirrorCalls[K]>> {
    this.#beforeWrite();
    if (this.#isOpenOnThread) {
      await this.#writing;
      return this.#thread.call(this.#key, call, args, { fences });
    }
    this.#deaths = this.#thread.deaths;
    this.#askedThread = true;
    const value = await this.#thread.call(this.#key, call, args, { fences, path: this.path });
    this.#writing = Promise.resolve();
    return value;
  }

  get #isOpenOnThread(): boolean {
    return this.#writing !== null && this.#deaths === this.#thread.deaths;
  }

  #beforeWrite(): void {
    this.#refuseClosed();
    this.#refuseReplaced();
    this.#leaveStandIn();
  }

  async #openWriter(create: boolean): Promise<void> {
    this.#beforeWrite();
    if (this.#writing === null || !this.#isOpenOnThread) {
      this.#deaths = this.#thread.deaths;
      this.#askedThread = true;
      const opening = this.#thread.open(this.#key, this.path, create);
      this.#writing = opening;
      // The next write tries again.
      opening.catch(() => {
        if (this.#writing === opening) this.#writing = null;
      });
    }
    return this.#writing;
  }

  /** It would keep the writer out, or know nothing of what that writes. */
  #leaveStandIn(): void {
    if (this.#reader === null || this.#reader.standsInFor === null) return;
    this.#reader.db.close();
    this.#reader = null;
  }

  /** The thread itself waits only briefly, for other mirrors are waiting behind this one. */
  async #patiently<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const ended = signal?.aborted === true;
    const tries = ended || this.#waitedInVain ? shortTries : busyTries;
    let value: T;
    try {
      value = await attempt();
    } catch (error) {
      if (!isAppError(error, 'MIRROR_BUSY')) throw error;
      // What notes the end of aborted work would never be written with a signal that is aborted already.
      value = await this.#again(ended ? undefined : signal, attempt, tries - 1);
    }
    this.#waitedInVain = false;
    return value;
  }

  async #again<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>, tries: number): Promise<T> {
    // Loaded by what meets another program alone.
    const { retry } = await import('../../base/retry.ts');
    await this.#clock.sleep(busyPauseMs, { signal });
    return retry(attempt, {
      clock: this.#clock,
      signal,
      waitMs: (error, failures) => {
        if (!isAppError(error, 'MIRROR_BUSY')) return null;
        this.#waitedInVain = failures + 1 >= tries;
        return this.#waitedInVain ? null : busyPauseMs;
      },
    });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new Error(`The mirror ${this.path} is closed.`);
  }

  /** An open file lives on when it is deleted: whatever is written there is lost, without any error of its own. */
  #refuseReplaced(): void {
    if (this.isInPlace) return;
    throw new AppError(
      'MIRROR_REPLACED',
      `The mirror ${this.path} was deleted or replaced while it was open; nothing more is written to the old file.`,
      {
        hint: `To go on, ${runAgain}; an org without a mirror is copied anew by \`backfill\` or \`watch\`.`,
        details: { path: this.path },
      },
    );
  }
}
