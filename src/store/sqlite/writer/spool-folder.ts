import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Where pages wait for their transaction; each file lives for one page. */
export function spoolFolder(folder: string): string {
  return join(folder, '.spool');
}

/**
 * Begins with the process' id, so that a dead one's can be told, and where that id is one: containers that share the
 * folder number their processes each for itself. Unique by chance: in a container each process may have the id of the
 * one before.
 */
export function spoolName(): string {
  return `${process.pid}-${placeOfIds()}-${randomUUID()}.db`;
}

/** Of this version and of the one before, which did not say where and counted its files. */
const ownName = /^(\d+)-(?:([\da-f]{16})-)?[\da-f-]+\.db/;

/** Whoever stages rows writes more of them, or says that it still does (`keepSpool`), many times within this. */
const longestSilenceMs = 7_200_000;
const keepEveryMs = 600_000;

let knownPlace: string | null = null;

/** Within what a process' id names one process: this start of this machine, and a container's own numbering. */
function placeOfIds(): string {
  knownPlace ??= createHash('sha256')
    .update(hostname())
    .update(readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')))
    .update(readOr(() => readlinkSync('/proc/self/ns/pid')))
    .digest('hex')
    .slice(0, 16);
  return knownPlace;
}

/** Only Linux has such files, and such containers. */
function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** What this process made itself is not that much older than it, however coarse the file system's clock. */
const clockSlackMs = 10_000;

/** Shows other containers that the file is in use while nothing is written to it. Returns how to end that. */
export function keepSpool(path: string): () => void {
  const timer = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // It is gone, or of no use to a disk that refuses this.
    }
  }, keepEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

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
      if (isInUse(path, Number(id), place)) continue;
      rmSync(path, { force: true });
    } catch {
      // Whoever only reads may lack the right; the next one who writes has it.
    }
  }
}

function isInUse(path: string, pid: number, place: string | undefined): boolean {
  // Another container's process of that id cannot be asked for.
  if (place !== placeOfIds()) return !isOlderThan(path, Date.now() - longestSilenceMs);
  return pid === process.pid ? !isOlderThanThis(path) : isAlive(pid);
}

/** Whether a process that had our id before us must have written it. */
function isOlderThanThis(path: string): boolean {
  const startedAt = Date.now() - process.uptime() * 1_000;
  return isOlderThan(path, startedAt - clockSlackMs);
}

function isOlderThan(path: string, time: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.mtimeMs < time;
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
