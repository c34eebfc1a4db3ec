import { isAppError } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { readAsked } from './asked-records.ts';
import { openForReading } from './connection.ts';

/** Whether a reconcile of the mirror at `path` is asked for and still to be made. */
export function readIsAsked(path: string): boolean {
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
