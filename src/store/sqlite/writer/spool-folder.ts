import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** Where pages wait for their transaction; each file lives for one page. */
export function spoolFolder(folder: string): string {
  return join(folder, '.spool');
}

let made = 0;

/** Unique among processes and threads; begins with the process' id, so that a dead one's can be told. */
export function spoolName(): string {
  return `${process.pid}-${threadId}-${++made}.db`;
}

const ownName = /^(\d+)-\d+-\d+\.db/;

/** Removes what killed processes left behind; what else somebody keeps in a folder of this name stays. */
export function sweepSpools(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(spoolFolder(folder));
  } catch {
    return;
  }
  for (const name of names) {
    const pid = Number(ownName.exec(name)?.[1]);
    if (Number.isNaN(pid) || pid === process.pid || isAlive(pid)) continue;
    try {
      rmSync(join(spoolFolder(folder), name), { force: true });
    } catch {
      // Whoever only reads may lack the right; the next one who writes has it.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process, so it lives.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
