import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAppError } from '../../../base/errors.ts';
import { sqliteFaultOf } from '../../../sqlite/sqlite-fault.ts';
import { fileEnds, isSound, makeNew, newPath, withPlaceLocked } from './open-call-ledger.ts';

export interface MendOptions {
  /** ms since 1970. */
  now: () => number;
  warn: (message: string) => void;
}

/** A disk that damages file after file must not be filled with them. */
const keptAside = 5;

/**
 * Does what can be done without anybody about a file that cannot be used, and says so: one that is damaged, or no file
 * of this program, is set aside and begun anew, and one that nobody may write is made writable. Answers whether to try
 * again. Nothing but a day's count is lost, which is noted in the new file.
 */
export function mendCallLedger(path: string, error: unknown, options: MendOptions): boolean {
  if (isAppError(error)) return false;
  try {
    const fault = sqliteFaultOf(error);
    if (fault === 'damaged' || isNoFile(path)) return setAside(path, options);
    return fault === 'unwritable' && makeWritable(path, options);
  } catch {
    // Where nothing may be written, the first error says more.
    return false;
  }
}

/** Of all processes that find it damaged at once, one; the others take what that one has made. */
function setAside(path: string, { now, warn }: MendOptions): boolean {
  withPlaceLocked(path, () => {
    if (!isNoFile(path) && isSound(path)) return;
    const at = now();
    makeNew(path, at);
    const aside = asidePath(path, at);
    for (const end of fileEnds) if (existsSync(path + end)) renameSync(path + end, aside + end);
    renameSync(newPath(path), path);
    dropOldest(path);
    warn(
      `the count of API calls ${path} was damaged: it was set aside as ${basename(aside)} and is begun anew; ` +
        'what was called in the 24 hours before is judged by what each org says of its own count',
    );
  });
  return true;
}

function isNoFile(path: string): boolean {
  return !(statSync(path, { throwIfNoEntry: false })?.isFile() ?? true);
}

function makeWritable(path: string, { warn }: MendOptions): boolean {
  const locked = fileEnds
    .map((end) => path + end)
    .filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0o200) & 0o200) === 0);
  for (const file of locked) chmodSync(file, 0o600);
  if (locked.length > 0) warn(`${path} could not be written, and was made writable for this user`);
  return locked.length > 0;
}

function asidePath(path: string, at: number): string {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let n = 1; ; n++) {
    const aside = `${path}.damaged-${time}${n === 1 ? '' : `-${n}`}`;
    if (fileEnds.every((end) => !existsSync(aside + end))) return aside;
  }
}

function dropOldest(path: string): void {
  const folder = dirname(path);
  const stem = `${basename(path)}.damaged-`;
  const asides = readdirSync(folder).filter(
    (name) => name.startsWith(stem) && !/-(?:wal|shm|journal)$/.test(name),
  );
  for (const name of asides.toSorted().slice(0, -keptAside))
    for (const end of fileEnds) {
      const file = join(folder, name + end);
      if (!isNoFile(file)) rmSync(file, { force: true });
    }
}
