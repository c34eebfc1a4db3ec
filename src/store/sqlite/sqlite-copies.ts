import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { withFinally } from '../../base/finally.ts';
import { isNoFile } from '../../base/is-no-file.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { ArchivedMirror, MirrorArchives } from '../../sync/ports/mirror-archives.ts';
import type { MirrorCopies, ReplaceOptions } from '../../sync/ports/mirror-copies.ts';
import type { OpenOptions, StoredMirror } from '../../sync/ports/stored-mirror.ts';
import { archiveAt, removeDatabase } from './archives.ts';
import { copyPath, mirrorPath } from './mirror-path.ts';
import type { OpenFiles } from './open-files.ts';
import { replaceByCopy } from './replace-by-copy.ts';
import { noFile, withMappedFaults } from './sqlite-fault.ts';

export interface CopiesParts {
  folder: string;
  clock: Pick<Clock, 'now'>;
  files: OpenFiles;
  archives: Pick<MirrorArchives, 'add'>;
}

export class SqliteCopies implements MirrorCopies {
  readonly #parts: CopiesParts;

  constructor(parts: CopiesParts) {
    this.#parts = parts;
  }

  async exists(instanceUrl: string): Promise<boolean> {
    return existsSync(this.#pathOf(instanceUrl));
  }

  async open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    const mirror = mirrorPath(this.#parts.folder, instanceUrl);
    // Nobody shall copy an org for a place that the copy cannot take.
    if (options.create && isNoFile(mirror)) throw noFile(mirror);
    return this.#parts.files.mirrorAt(this.#pathOf(instanceUrl), options);
  }

  async remove(instanceUrl: string, lease: Lease): Promise<void> {
    await lease.confirm();
    const path = this.#parts.files.closedPath(this.#pathOf(instanceUrl));
    withMappedFaults(path, () => removeDatabase(path));
  }

  async replaceMirror(instanceUrl: string, options: ReplaceOptions): Promise<ArchivedMirror | null> {
    const { folder, clock, files, archives } = this.#parts;
    const archived = await replaceByCopy(mirrorPath(folder, instanceUrl), this.#pathOf(instanceUrl), {
      ...options,
      now: clock.now(),
      withFile: async (at, work) => {
        const opened = await files.fileAt(at, { create: true, signal: options.signal });
        return withFinally(() => work(opened.file), opened.release);
      },
      archive: async () => (await archives.add(instanceUrl, options.lease, options)).location,
    });
    return archived === null ? null : archiveAt(archived);
  }

  #pathOf(instanceUrl: string): string {
    return copyPath(mirrorPath(this.#parts.folder, instanceUrl));
  }
}
