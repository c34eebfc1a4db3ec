import { basename, dirname } from 'node:path';
import { syncFolder } from '../../base/sync-folder.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { ArchivedMirror, MirrorArchives } from '../../sync/ports/mirror-archives.ts';
import { archiveAt, archivePath, listArchives, moveToArchive, removeDatabase } from './archives.ts';
import { openForWriting } from './connection.ts';
import { putAsideMessage } from './contact-view.ts';
import { mirrorPath } from './mirror-path.ts';
import type { MirrorsOptions, OpenFiles } from './open-files.ts';
import { countOpen, outboxOpen } from './replace-contents.ts';
import { withMappedFaults } from './sqlite-fault.ts';

type Parts = Pick<MirrorsOptions, 'folder' | 'clock' | 'log'>;

export class SqliteArchives implements MirrorArchives {
  readonly #parts: Parts;
  readonly #files: Pick<OpenFiles, 'closedPath'>;

  constructor(parts: Parts, files: Pick<OpenFiles, 'closedPath'>) {
    this.#parts = parts;
    this.#files = files;
  }

  async add(
    instanceUrl: string,
    lease: Lease,
    { force = false, signal }: { force?: boolean; signal?: AbortSignal } = {},
  ): Promise<ArchivedMirror> {
    const { endUse } = await import('./end-use.ts');
    await lease.confirm();
    const { folder, log, clock } = this.#parts;
    const path = this.#files.closedPath(mirrorPath(folder, instanceUrl));
    const target = archivePath(path, clock.now());
    const count = force ? () => 0 : countOpen;
    const message = putAsideMessage(basename(path));
    const open = await endUse(path, { log, clock, signal, lease, count, message, keeps: true }, () =>
      moveToArchive(path, target),
    );
    if (open > 0) throw outboxOpen(open, 'of the damaged mirror');
    foldLog(target);
    // Another mirror is made in its place.
    await syncFolder(dirname(target));
    return withMappedFaults(path, () => archiveAt(target));
  }

  async list(instanceUrl: string): Promise<ArchivedMirror[]> {
    return listArchives(mirrorPath(this.#parts.folder, instanceUrl));
  }

  async remove({ location: path }: ArchivedMirror, lease: Lease): Promise<void> {
    await lease.confirm();
    withMappedFaults(path, () => removeDatabase(path));
  }
}

/** One that is copied elsewhere later is whole without its log, unless a program has it open still. */
function foldLog(path: string): void {
  try {
    openForWriting(path, false).close();
  } catch {
    // It is kept as it is.
  }
}
