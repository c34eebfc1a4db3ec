import { randomUUID } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts';
import { meansNoRoom } from '../base/means-no-room.ts';
import type { DoctorFinding } from '../contract/doctor.ts';

/** More than a file system keeps beside the names of its files. */
const probeBytes = 65_536;
/** A cycle's transaction and its log fit into it, a large org's first copy does not. */
const leastFreeBytes = 100 * 2 ** 20;

/**
 * Writes a small file into the folder and removes it, for rights alone say nothing of a full disk. Throws `DISK_FULL` or
 * `DATA_DIR_UNWRITABLE`. `freeBytes`: what is free where a folder lies, null where that is not known.
 */
export async function checkFolder(
  folder: string,
  { name, freeBytes = freeBytesAt }: { name: string; freeBytes?: (path: string) => Promise<number | null> },
): Promise<DoctorFinding | string> {
  await writeProbe(folder);
  const free = await freeBytes(folder);
  if (free === null || free >= leastFreeBytes) return `${folder} can be written`;
  return {
    name,
    status: 'warn',
    message: `${folder} can be written, but its disk has ${Math.floor(free / 2 ** 20)} MB free`,
    hint: 'Make room, or name a data folder on another disk with --data-dir.',
  };
}

async function writeProbe(folder: string): Promise<void> {
  const path = join(folder, `.doctor-${randomUUID()}`);
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(Buffer.alloc(probeBytes));
    // Where room is found when it is written out, as on a network disk, a full one is told here.
    await file.sync();
  } catch (error) {
    const code = systemCodeOf(error);
    if (meansNoRoom(code)) {
      throw new AppError('DISK_FULL', `There is no room left to write in ${folder} (${code})`, {
        hint: 'Make room, or name a data folder on another disk with --data-dir.',
        cause: error,
      });
    }
    throw new AppError('DATA_DIR_UNWRITABLE', `${folder} cannot be written (${code ?? messageOf(error)})`, {
      hint: 'Choose another folder with --data-dir or PARAHACK_SYNC_DATA_DIR, or mend its permissions.',
      cause: error,
    });
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

async function freeBytesAt(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
