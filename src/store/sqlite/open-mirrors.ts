import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { withFinallySync } from '../../base/finally.ts';
import { syncFolder } from '../../base/sync-folder.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ContactReader } from '../../sync/ports/contact-reader.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { MirrorArchives } from '../../sync/ports/mirror-archives.ts';
import type { MirrorCopies } from '../../sync/ports/mirror-copies.ts';
import type { Mirrors, RemoveOptions } from '../../sync/ports/mirrors.ts';
import type { ProgramCommits } from '../../sync/ports/program-commits.ts';
import type { OpenOptions, StoredMirror } from '../../sync/ports/stored-mirror.ts';
import type { MirrorTwoWay } from '../../sync/ports/two-way.ts';
import { listArchives, moveToArchive, removeDatabase, removeUnfinished } from './archives.ts';
import { readIsAsked } from './asked-looks.ts';
import { emptyLog, openForReading } from './connection.ts';
import { deletedMessage } from './contact-view.ts';
import { readFence } from './fence-records.ts';
import { FileLooks } from './file-looks.ts';
import { copyPath, mirrorPath } from './mirror-path.ts';
import { type MirrorsOptions, OpenFiles } from './open-files.ts';
import { SqliteProgramCommits } from './program-commits.ts';
import { countToKeep } from './replace-contents.ts';
import { SqliteArchives } from './sqlite-archives.ts';
import { SqliteCopies } from './sqlite-copies.ts';
import { withMappedFaults } from './sqlite-fault.ts';
import { readMirrorTwoWay } from './two-way-records.ts';

export function openMirrors(options: MirrorsOptions): Mirrors {
  return new SqliteMirrors(options);
}

class SqliteMirrors implements Mirrors {
  readonly copies: MirrorCopies;
  readonly archives: MirrorArchives;
  readonly #options: MirrorsOptions;
  readonly #folder: string;
  readonly #files: OpenFiles;
  readonly #askedLooks = new FileLooks(readIsAsked);
  readonly #twoWayLooks = new FileLooks((path) => readIn(path, readMirrorTwoWay));

  constructor(options: MirrorsOptions) {
    const { folder, clock } = options;
    this.#options = options;
    this.#folder = folder;
    this.#files = new OpenFiles(options);
    this.archives = new SqliteArchives(options, this.#files);
    this.copies = new SqliteCopies({ folder, clock, files: this.#files, archives: this.archives });
  }

  location(instanceUrl: string): string {
    return this.#pathOf(instanceUrl);
  }

  #pathOf(instanceUrl: string): string {
    return mirrorPath(this.#folder, instanceUrl);
  }

  async exists(instanceUrl: string): Promise<boolean> {
    return existsSync(this.#pathOf(instanceUrl));
  }

  startWriting(): void {
    this.#files.startThread();
  }

  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#files.mirrorAt(this.#pathOf(instanceUrl), options);
  }

  /** Loaded when it is used: most commands read no contacts for people. */
  async read(instanceUrl: string): Promise<ContactReader> {
    const { SqliteContactReader } = await import('./sqlite-contact-reader.ts');
    return new SqliteContactReader(this.#pathOf(instanceUrl));
  }

  async isReconcileAsked(instanceUrl: string): Promise<boolean> {
    const path = this.#pathOf(instanceUrl);
    return withMappedFaults(path, () => this.#askedLooks.at(path) ?? false);
  }

  async twoWay(instanceUrl: string): Promise<MirrorTwoWay | null> {
    const path = this.#pathOf(instanceUrl);
    return withMappedFaults(path, () => this.#twoWayLooks.at(path));
  }

  programCommits(instanceUrl: string): ProgramCommits {
    return new SqliteProgramCommits(this.#pathOf(instanceUrl));
  }

  async fenceOf(instanceUrl: string, leaseName: string): Promise<number> {
    const path = this.#pathOf(instanceUrl);
    const [ofMirror, ofCopy] = [fenceIn(path, leaseName), fenceIn(copyPath(path), leaseName)];
    return Math.max(ofMirror, ofCopy);
  }

  async move(from: string, to: string, leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await lease.confirm();
    const source = this.#files.closedPath(this.#pathOf(from));
    const target = this.#files.closedPath(this.#pathOf(to));
    const renamed = (file: string) =>
      target.replace(/\.db$/, '') + file.slice(source.replace(/\.db$/, '').length);
    withMappedFaults(source, () => {
      if (existsSync(source)) {
        emptyLog(source);
        moveToArchive(source, target);
      }
      // The mirror has gone first: by its new name it is known that the others are to follow.
      const beside = [...listArchives(source).map(({ location }) => location), copyPath(source)];
      for (const file of beside) moveToArchive(file, renamed(file));
    });
    // The list of orgs, which says where a mirror lies, is another file in another folder.
    await syncFolder(dirname(target));
  }

  async remove(
    instanceUrl: string,
    lease: Lease,
    { force = false, signal }: RemoveOptions = {},
  ): Promise<number> {
    // Loaded when it is used, as few commands do.
    const { endUse } = await import('./end-use.ts');
    await lease.confirm();
    const path = this.#files.closedPath(this.#pathOf(instanceUrl));
    const { log, clock } = this.#options;
    const count = force ? () => 0 : countToKeep;
    return endUse(path, { log, clock, signal, lease, count, message: deletedMessage }, () => {
      removeUnfinished(path);
      for (const file of [copyPath(path), ...listArchives(path).map(({ location }) => location), path])
        removeDatabase(file);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }
}

function fenceIn(path: string, leaseName: string): number {
  if (!existsSync(path)) return 0;
  try {
    return readIn(path, (db) => readFence(db, leaseName));
  } catch {
    // One that cannot be read is told by whoever opens it to work on it.
    return 0;
  }
}

function readIn<T>(path: string, read: (db: Connection) => T): T {
  const db = openForReading(path);
  return withFinallySync(
    () => read(db),
    () => void db.close(),
  );
}
