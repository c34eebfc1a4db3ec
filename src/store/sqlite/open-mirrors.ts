import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Mirror } from '../../sync/ports/mirror.ts';
import { MirrorFile, type WriterSeat } from './mirror-file.ts';
import { mirrorPath } from './mirror-path.ts';
import { mapSqliteFault } from './sqlite-fault.ts';
import { SqliteMirror } from './sqlite-mirror.ts';
import { BlockBudget } from './writer/block-budget.ts';
import { sweepSpools } from './writer/spool-folder.ts';
import { WriterClient } from './writer/writer-client.ts';

export interface MirrorsOptions {
  /** The folder of the mirrors' files; made (0700) when the first one is. */
  folder: string;
  log: Logger;
  clock: Clock;
  /** Writer threads at most, each started when a mirror first needs it. */
  writers?: number;
}

export interface OpenOptions {
  /** Make the file where there is none. */
  create: boolean;
  /** Ends the waits for another program's write lock. */
  signal?: AbortSignal;
}

/** The mirrors of one data folder. One org's is opened once, however often it is asked for. */
export interface Mirrors extends AsyncDisposable {
  pathOf(instanceUrl: string): string;
  exists(instanceUrl: string): boolean;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<Mirror>;
  /** Moves the file away and returns its new path. It must not be open. */
  archive(instanceUrl: string): Promise<string>;
  /** Deletes the file and all that was archived of this org. It must not be open. */
  remove(instanceUrl: string): Promise<void>;
}

/** A second thread only pays where several mirrors are written at once; each costs some 12 MB. */
const defaultWriters = 2;
/** Blocks under way to one thread: enough that it never waits for the network's thread to wake up. */
const budgetBytes = 8 * 1024 * 1024;

const companions = ['', '-wal', '-shm'];

export function openMirrors(options: MirrorsOptions): Mirrors {
  return new SqliteMirrors(options);
}

class SqliteMirrors implements Mirrors {
  readonly #options: MirrorsOptions;
  readonly #seats: WriterSeat[] = [];
  readonly #open = new Map<
    string,
    { file: MirrorFile; users: number; ready: Promise<void>; seat: WriterSeat }
  >();
  #swept = false;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  pathOf(instanceUrl: string): string {
    return mirrorPath(this.#options.folder, instanceUrl);
  }

  exists(instanceUrl: string): boolean {
    return existsSync(this.pathOf(instanceUrl));
  }

  async open(instanceUrl: string, { create, signal }: OpenOptions): Promise<Mirror> {
    const path = this.pathOf(instanceUrl);
    let entry = this.#open.get(path);
    // One that was deleted or replaced is left to those who have it open; what lies there now is another mirror.
    if (entry === undefined || !entry.file.isInPlace) {
      const seat = this.#freeSeat();
      const file = new MirrorFile(path, seat, this.#options.clock);
      seat.client.mirrors++;
      entry = { file, users: 0, ready: file.prepare(create, signal), seat };
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
      opened.seat.client.mirrors--;
      await opened.file.close();
    };
    try {
      await opened.ready;
    } catch (error) {
      await release().catch(() => {});
      throw error;
    }
    return new SqliteMirror(opened.file, this.#options.clock, release, signal);
  }

  async archive(instanceUrl: string): Promise<string> {
    const path = this.#closedPath(instanceUrl);
    const time = new Date(this.#options.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
    let target = `${path.replace(/\.db$/, '')}.${time}.archived.db`;
    for (let n = 2; existsSync(target); n++) {
      target = `${path.replace(/\.db$/, '')}.${time}-${n}.archived.db`;
    }
    try {
      // The log first: without its database it is nothing, while a database without its log lacks rows.
      for (const end of companions.toReversed()) {
        if (existsSync(path + end)) renameSync(path + end, target + end);
      }
    } catch (error) {
      throw mapSqliteFault(error, path);
    }
    return target;
  }

  async remove(instanceUrl: string): Promise<void> {
    const path = this.#closedPath(instanceUrl);
    try {
      for (const file of [path, ...archivesOf(path)]) {
        for (const end of companions) rmSync(file + end, { force: true });
      }
    } catch (error) {
      throw mapSqliteFault(error, path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(files.map(({ file }) => file.close()));
    await Promise.all(this.#seats.splice(0).map(({ client }) => client.stop()));
  }

  #closedPath(instanceUrl: string): string {
    const path = this.pathOf(instanceUrl);
    if (this.#open.has(path)) {
      throw new AppError('MIRROR_BUSY', `The mirror ${path} is in use.`, {
        hint: 'Wait until its running command has ended.',
        details: { path },
      });
    }
    return path;
  }

  /** The seat with the fewest mirrors; a new one while there may be more. */
  #freeSeat(): WriterSeat {
    const { folder, writers = defaultWriters } = this.#options;
    if (!this.#swept) {
      this.#swept = true;
      sweepSpools(folder);
    }
    const [free] = this.#seats.toSorted((a, b) => a.client.mirrors - b.client.mirrors);
    if (free !== undefined && (free.client.mirrors === 0 || this.#seats.length >= writers)) return free;
    const seat = { client: new WriterClient(), budget: new BlockBudget(budgetBytes) };
    this.#seats.push(seat);
    return seat;
  }
}

/** What `archive` has made of the mirror at `path`; a log that lies there without its database counts too. */
function archivesOf(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const before = `${basename(path, '.db')}.`;
  const archived = /^\d{8}T\d{6}Z(-\d+)?\.archived\.db(-wal|-shm)?$/;
  const names = readdirSync(folder)
    .filter((name) => name.startsWith(before) && archived.test(name.slice(before.length)))
    .map((name) => join(folder, name.replace(/-(wal|shm)$/, '')));
  return [...new Set(names)];
}
