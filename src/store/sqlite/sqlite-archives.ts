import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { syncFolder } from '../../base/sync-folder.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { ArchivedMirror, MirrorArchives } from '../../sync/ports/mirror-archives.ts';
import { archiveAt, archivePath, listArchives, moveToArchive, removeDatabase } from './archives.ts';
import { mirrorPath } from './mirror-path.ts';
import type { OpenFiles } from './open-files.ts';
import { withMappedFaults } from './sqlite-fault.ts';

export class SqliteArchives implements MirrorArchives {
  readonly #folder: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #files: Pick<OpenFiles, 'closedPath'>;

  constructor(folder: string, clock: Pick<Clock, 'now'>, files: Pick<OpenFiles, 'closedPath'>) {
    this.#folder = folder;
    this.#clock = clock;
    this.#files = files;
  }

  async add(instanceUrl: string, lease: Lease): Promise<ArchivedMirror> {
    await lease.confirm();
    const path = this.#files.closedPath(mirrorPath(this.#folder, instanceUrl));
    const target = archivePath(path, this.#clock.now());
    withMappedFaults(path, () => moveToArchive(path, target));
    // Another mirror is made in its place.
    await syncFolder(dirname(target));
    return withMappedFaults(path, () => archiveAt(target));
  }

  async list(instanceUrl: string): Promise<ArchivedMirror[]> {
    return listArchives(mirrorPath(this.#folder, instanceUrl));
  }

  async remove({ location: path }: ArchivedMirror, lease: Lease): Promise<void> {
    await lease.confirm();
    withMappedFaults(path, () => removeDatabase(path));
  }
}
