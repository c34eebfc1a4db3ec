import { statSync } from 'node:fs';
import { isAppError } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { readAsked } from './asked-records.ts';
import { openForReading } from './connection.ts';

/** Which mirrors a reconcile is asked for. A file is opened only where it was written since it was looked at last. */
export class AskedLooks {
  /** By path. */
  readonly #seen = new Map<string, { stamp: string; isAsked: boolean }>();

  /** False where nothing lies there. Throws what opening it does. */
  isAsked(path: string): boolean {
    // Before it is read: what is written meanwhile is seen by the next look.
    const stamp = stampOf(path);
    if (stamp === null) return false;
    const seen = this.#seen.get(path);
    if (seen?.stamp === stamp) return seen.isAsked;
    const isAsked = readIsAsked(path);
    this.#seen.set(path, { stamp, isAsked });
    return isAsked;
  }
}

function readIsAsked(path: string): boolean {
  let db: Connection;
  try {
    db = openForReading(path);
  } catch (error) {
    // Nobody can have asked on a full disk, where telling what is there may mean to read all of the file.
    if (isAppError(error, 'DISK_FULL')) return false;
    throw error;
  }
  try {
    const asked = readAsked(db, contact.name);
    return asked !== null && asked.state !== 'ended';
  } finally {
    db.close();
  }
}

/** Another one after each write to the file or its log; null where there is no file. */
function stampOf(path: string): string | null {
  const [file, log] = [path, `${path}-wal`].map((one) => {
    const stats = statSync(one, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? null : `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  });
  return file == null ? null : `${file} ${log ?? ''}`;
}
