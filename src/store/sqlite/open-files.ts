import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { OpenOptions, StoredMirror } from '../../sync/ports/stored-mirror.ts';
import { MirrorFile } from './mirror-file.ts';
import { SqliteMirror } from './sqlite-mirror.ts';
import { startInlineWriter } from './writer/inline-writer.ts';
import { sweepSpools } from './writer/spool-folder.ts';
import { WriterClient } from './writer/writer-client.ts';
import type { WriterWorker } from './writer/writer-worker.ts';

export interface MirrorsOptions {
  /** The folder of the mirrors' files; made (0700) when the first one is. */
  folder: string;
  log: Logger;
  clock: Clock;
  /** Writer threads at most, each started when a mirror first needs it. */
  writers?: number;
  /**
   * Write without a thread until there is much to write: it takes 20 MB less, and less time where what is written is little
   * beside what is waited for. Whoever waits for something else meanwhile waits for a transaction.
   */
  inlineWrites?: boolean | undefined;
  /** Starts one of them. */
  startThread?: () => WriterWorker;
}

/** A second thread only pays where several mirrors are written at once; each costs some 12 MB. */
const defaultWriters = 2;

/** The files of mirrors and copies that this process has open, each once, and the threads that write them. */
export class OpenFiles implements AsyncDisposable {
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

  /** That which the next mirror is to be written by. Where it cannot start now, the first write tries again, and tells. */
  startThread(): void {
    try {
      this.#freeThread().start();
    } catch {
      // Told by the first write.
    }
  }

  /** A mirror or copy, under the lease where one is given. Throws AppError `NO_MIRROR`. */
  async mirrorAt(path: string, options: OpenOptions): Promise<StoredMirror> {
    const { lease, signal } = options;
    const { file, release } = await this.fileAt(path, options);
    const mirror = new SqliteMirror({ file, clock: this.#options.clock, release, signal, fences: [] });
    if (lease === undefined) return mirror;
    try {
      return await mirror.under(lease);
    } catch (error) {
      await release().catch(() => {});
      throw error;
    }
  }

  /** Its file alone, for whoever works on it as a whole; `release` closes it with its last user. */
  async fileAt(
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

  /** The path of a file that nobody has open here; throws AppError `MIRROR_BUSY` where somebody has. */
  closedPath(path: string): string {
    if (this.#open.has(path)) {
      throw new AppError('MIRROR_BUSY', `The mirror ${path} is in use.`, {
        hint: 'Wait until its running command has ended.',
        details: { path },
      });
    }
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(files.map(({ file }) => file.close()));
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()));
  }

  /** The thread with the fewest mirrors; a new one while there may be more. */
  #freeThread(): WriterClient {
    const { folder, writers = defaultWriters, startThread, inlineWrites } = this.#options;
    if (!this.#swept) {
      this.#swept = true;
      sweepSpools(folder);
    }
    const [free] = this.#threads.toSorted((a, b) => a.mirrors - b.mirrors);
    if (free !== undefined && (free.mirrors === 0 || this.#threads.length >= writers)) return free;
    const thread = new WriterClient({
      start: startThread,
      inline: inlineWrites ? startInlineWriter : undefined,
    });
    this.#threads.push(thread);
    return thread;
  }
}
