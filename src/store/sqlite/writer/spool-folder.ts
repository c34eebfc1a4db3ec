import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where pages wait for their transaction; each file lives for one page. */
export function spoolFolder(folder: string): string {
  return join(folder, '.spool');
}

/**
 * Begins with the process' id, so that a dead one's can be told. Unique by chance: in a container each process may have
 * the id of the one before, or of one in another container that has the same folder.
 */
export function spoolName(): string {
  return `${process.pid}-${randomUUID()}.db`;
}

/** Of this version and of the one before, which counted its files. */
const ownName = /^(\d+)-[\da-f-]+\.db/;

/** What this process made itself is not that much older than it, however coarse the file system's clock. */
const clockSlackMs = 10_000;

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
    const path = join(spoolFolder(folder), name);
    if (Number.isNaN(pid)) continue;
    try {
      if (pid === process.pid ? !isOlderThanThis(path) : isAlive(pid)) continue;
      rmSync(path, { force: true });
    } catch {
      // Whoever only reads may lack the right; the next one who writes has it.
    }
  }
}

/** Whether a process that had our id before us must have written it. */
function isOlderThanThis(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  const startedAt = Date.now() - process.uptime() * 1_000;
  return stats !== undefined && stats.mtimeMs < startedAt - clockSlackMs;
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
