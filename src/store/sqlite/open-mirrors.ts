import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { withFinally } from '../../base/finally.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContactReader } from '../../sync/ports/contact-reader.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { ArchivedMirror, Mirrors, OpenOptions, ReplaceOptions } from '../../sync/ports/mirrors.ts';
import type { StoredMirror } from '../../sync/ports/stored-mirror.ts';
import {
  archiveAt,
  archivePath,
  listArchives,
  moveToArchive,
  removeDatabase,
  removeUnfinished,
} from './archives.ts';
import { emptyLog, openForReading } from './connection.ts';
import { readFence } from './fence-records.ts';
import { MirrorFile } from './mirror-file.ts';
import { mirrorPath } from './mirror-path.ts';
import { replaceByCopy } from './replace-by-copy.ts';
import { mapSqliteFault } from './sqlite-fault.ts';
import { SqliteMirror } from './sqlite-mirror.ts';
import { sweepSpools } from './writer/spool-folder.ts';
import { WriterClient, type WriterWorker } from './writer/writer-client.ts';

export interface MirrorsOptions {
  /** The folder of the mirrors' files; made (0700) when the first one is. */
  folder: string;
  log: Logger;
  clock: Clock;
  /** Writer threads at most, each started when a mirror first needs it. */
  writers?: number;
  /** Starts one of them. */
  startThread?: () => WriterWorker;
}

/** A second thread only pays where several mirrors are written at once; each costs some 12 MB. */
const defaultWriters = 2;

/** Not `….db`: a program that reads all mirrors of the folder shall not take half a copy for one. */
function copyPath(path: string): string {
  return `${path}.fresh`;
}

export function openMirrors(options: MirrorsOptions): Mirrors {
  return new SqliteMirrors(options);
}

class SqliteMirrors implements Mirrors {
  readonly #options: MirrorsOptions;
  readonly #threads: WriterClient[] = [];
  readonly #open = new Map<
    string,
    { file: MirrorFile; users: number; ready: Promise<void>; thread: WriterClient }
  >();
  #swept = false;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  location(instanceUrl: string): string {
    return this.#pathOf(instanceUrl);
  }

  #pathOf(instanceUrl: string): string {
    return mirrorPath(this.#options.folder, instanceUrl);
  }

  async exists(instanceUrl: string): Promise<boolean> {
    return existsSync(this.#pathOf(instanceUrl));
  }

  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#openAt(this.#pathOf(instanceUrl), options);
  }

  /** Loaded when it is used: most commands read no contacts for people. */
  async read(instanceUrl: string): Promise<ContactReader> {
    const { SqliteContactReader } = await import('./sqlite-contact-reader.ts');
    return new SqliteContactReader(this.#pathOf(instanceUrl));
  }

  async #openAt(path: string, options: OpenOptions): Promise<StoredMirror> {
    const { lease, signal } = options;
    const { file, release } = await this.#fileAt(path, options);
    const mirror = new SqliteMirror({ file, clock: this.#options.clock, release, signal, fences: [] });
    if (lease === undefined) return mirror;
    try {
      return await mirror.under(lease);
    } catch (error) {
      await release().catch(() => {});
      throw error;
    }
  }

  async #fileAt(
    path: string,
    { create, signal }: OpenOptions,
  ): Promise<{ file: MirrorFile; release: () => Promise<void> }> {
    let entry = this.#open.get(path);
    // One that was deleted or replaced is left to those who have it open; what lies there now is another mirror.
    if (entry === undefined || !entry.file.isInPlace) {
      const thread = this.#freeThread();
      const file = new MirrorFile(path, thread, this.#options.clock);
      thread.mirrors++;
      entry = { file, users: 0, ready: file.prepare(create, signal), thread };
      this.#open.set(path, entry);
    }
    const opened = entry;
    opened.users++;
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      if (--opened.users > 0) return;
      if (this.#open.get(path) === opened) this.#open.delete(path);
      opened.thread.mirrors--;
      await opened.file.close();
    };
    try {
      await opened.ready;
    } catch (error) {
      await release().catch(() => {});
      throw error;
    }
    return { file: opened.file, release };
  }

  async fenceOf(instanceUrl: string, leaseName: string): Promise<number> {
    const path = this.#pathOf(instanceUrl);
    const [ofMirror, ofCopy] = [fenceIn(path, leaseName), fenceIn(copyPath(path), leaseName)];
    return Math.max(ofMirror, ofCopy);
  }

  async archive(instanceUrl: string, lease: Lease): Promise<ArchivedMirror> {
    await lease.confirm();
    const path = this.#closedPath(this.#pathOf(instanceUrl));
    const target = archivePath(path, this.#options.clock.now());
    return this.#mapped(path, () => {
      moveToArchive(path, target);
      return archiveAt(target);
    });
  }

  async archives(instanceUrl: string): Promise<ArchivedMirror[]> {
    return listArchives(this.#pathOf(instanceUrl));
  }

  async removeArchive({ location: path }: ArchivedMirror, lease: Lease): Promise<void> {
    await lease.confirm();
    this.#mapped(path, () => removeDatabase(path));
  }

  async hasCopy(instanceUrl: string): Promise<boolean> {
    return existsSync(copyPath(this.#pathOf(instanceUrl)));
  }

  openCopy(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#openAt(copyPath(this.#pathOf(instanceUrl)), options);
  }

  async removeCopy(instanceUrl: string, lease: Lease): Promise<void> {
    await lease.confirm();
    const path = this.#closedPath(copyPath(this.#pathOf(instanceUrl)));
    this.#mapped(path, () => removeDatabase(path));
  }

  async replaceByCopy(instanceUrl: string, options: ReplaceOptions): Promise<ArchivedMirror | null> {
    const path = this.#pathOf(instanceUrl);
    const archived = await replaceByCopy(path, copyPath(path), {
      ...options,
      now: this.#options.clock.now(),
      withFile: async (at, work) => {
        const opened = await this.#fileAt(at, { create: true, signal: options.signal });
        return withFinally(() => work(opened.file), opened.release);
      },
      archive: async () => (await this.archive(instanceUrl, options.lease)).location,
    });
    return archived === null ? null : archiveAt(archived);
  }

  async move(from: string, to: string, leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await lease.confirm();
    const source = this.#closedPath(this.#pathOf(from));
    const target = this.#closedPath(this.#pathOf(to));
    const renamed = (file: string) =>
      target.replace(/\.db$/, '') + file.slice(source.replace(/\.db$/, '').length);
    this.#mapped(source, () => {
      if (existsSync(source)) {
        emptyLog(source);
        moveToArchive(source, target);
      }
      // The mirror has gone first: by its new name it is known that the others are to follow.
      const beside = [...listArchives(source).map(({ location }) => location), copyPath(source)];
      for (const file of beside) moveToArchive(file, renamed(file));
    });
  }

  async remove(instanceUrl: string, lease: Lease): Promise<void> {
    await lease.confirm();
    const path = this.#closedPath(this.#pathOf(instanceUrl));
    this.#mapped(path, () => {
      removeUnfinished(path);
      for (const file of [copyPath(path), ...listArchives(path).map(({ location }) => location), path])
        removeDatabase(file);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(files.map(({ file }) => file.close()));
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()));
  }

  #mapped<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw mapSqliteFault(error, path);
    }
  }

  #closedPath(path: string): string {
    if (this.#open.has(path)) {
      throw new AppError('MIRROR_BUSY', `The mirror ${path} is in use.`, {
        hint: 'Wait until its running command has ended.',
        details: { path },
      });
    }
    return path;
  }

  /** The thread with the fewest mirrors; a new one while there may be more. */
  #freeThread(): WriterClient {
    const { folder, writers = defaultWriters, startThread } = this.#options;
    if (!this.#swept) {
      this.#swept = true;
      sweepSpools(folder);
    }
    const [free] = this.#threads.toSorted((a, b) => a.mirrors - b.mirrors);
    if (free !== undefined && (free.mirrors === 0 || this.#threads.length >= writers)) return free;
    const thread = new WriterClient({ start: startThread });
    this.#threads.push(thread);
    return thread;
  }
}

function fenceIn(path: string, leaseName: string): number {
  if (!existsSync(path)) return 0;
  try {
    const db = openForReading(path);
    try {
      return readFence(db, leaseName);
    } finally {
      db.close();
    }
  } catch {
    // One that cannot be read is told by whoever opens it to work on it.
    return 0;
  }
}
