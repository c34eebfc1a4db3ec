import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * What a file that is under way has in its name: its writer's id, so that a dead one's can be told, and where that id
 * is one, since containers that share a folder number their processes each for itself.
 */
export function writerMark(): string {
  return `${process.pid}-${placeOfIds()}`;
}

/** Whoever keeps a file under way writes more of it, or says that it still does (`keepInUse`), many times within this. */
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
export function keepInUse(path: string): () => void {
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

/**
 * Whether the writer that a file's name tells may still be at it. Of one elsewhere, or of whom the name does not say
 * where, only its silence speaks.
 */
export function isInUse(path: string, pid: number, place: string | undefined): boolean {
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
