import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInUse, writerMark } from '../../../base/writer-mark.ts';
import { isSpoolHeld } from './spool-lock.ts';

/** Where pages wait for their transaction; each file lives for one page. */
export function spoolFolder(folder: string): string {
  return join(folder, '.spool');
}

/**
 * Says who writes it, and is unique by chance: in a container each process may have the id of the one before.
 */
export function spoolName(): string {
  return `${writerMark()}-${randomUUID()}.db`;
}

/** Of this version and of the one before, which did not say where and counted its files. */
const ownName = /^(\d+)-(?:([\da-f]{16})-)?[\da-f-]+\.db/;

/** Removes what killed processes left behind; what else somebody keeps in a folder of this name stays. */
export function sweepSpools(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(spoolFolder(folder));
  } catch {
    return;
  }
  for (const name of names) {
    const [, id, place] = ownName.exec(name) ?? [];
    const path = join(spoolFolder(folder), name);
    if (id === undefined) continue;
    try {
      // The lock of a file that is held, or that which lies beside it.
      const staged = path.replace(/(?<=\.db).*$/, '');
      if (isInUse(path, Number(id), place) || isSpoolHeld(staged)) continue;
      rmSync(path, { force: true });
    } catch {
      // Whoever only reads may lack the right; the next one who writes has it.
    }
  }
}
