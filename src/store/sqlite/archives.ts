import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { throwIfAborted } from '../../base/abort.ts';
import { withFinallySync } from '../../base/finally.ts';
import { syncFolder } from '../../base/sync-folder.ts';
import type { ArchivedMirror } from '../../sync/ports/mirror-archives.ts';
import { openForReading, openForWriting } from './connection.ts';
import { putAsideMessage } from './contact-view.ts';
import { refuseEdits } from './refuse-edits.ts';

/** A database and what SQLite keeps beside it. */
const companions = ['', '-wal', '-shm'] as const;

/** Of `host.20260101T120000Z.archived.db`, behind the host; a second one of the same second has a number. */
const archivedName = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d+))?\.archived\.db$/;
/** A copy that is not finished; no program takes it for a mirror. */
const unfinished = '.new';
/** Pages between two looks at the signal: 16 MB. */
const pagesPerStep = 2_000;

/** What was archived of the mirror at `path`, the newest first. Another org's host may begin with this one's name. */
export function listArchives(path: string): ArchivedMirror[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const before = `${basename(path, '.db')}.`;
  const found = new Map<string, ArchivedMirror & { nth: number }>();
  for (const name of readdirSync(folder)) {
    // A log that lies there without its database is an archive's too.
    const file = name.replace(/-(wal|shm)$/, '');
    if (found.has(file) || !file.startsWith(before)) continue;
    const match = archivedName.exec(file.slice(before.length));
    if (match?.index !== 0) continue;
    found.set(file, { ...archiveAt(join(folder, file)), nth: Number(match[7] ?? 1) });
  }
  return [...found.values()]
    .sort((a, b) => b.archivedAt - a.archivedAt || b.nth - a.nth)
    .map(({ nth, ...archive }) => archive);
}

/** The archive at a path of `archivePath`, with the log that may lie beside it. */
export function archiveAt(path: string): ArchivedMirror {
  const [, year, month, day, hour, minute, second] = archivedName.exec(path) ?? [];
  const sizes = companions.map((end) => statSync(path + end, { throwIfNoEntry: false })?.size ?? 0);
  return {
    location: path,
    archivedAt: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** The log first: without its database it is nothing, while a database without its log lacks rows. */
export function removeDatabase(path: string): void {
  for (const end of companions.toReversed()) rmSync(path + end, { force: true });
}

/** A name for what is archived of the mirror at `path` now (ms since 1970). */
export function archivePath(path: string, now: number): string {
  const stem = path.replace(/\.db$/, '');
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let n = 1; ; n++) {
    const target = `${stem}.${time}${n === 1 ? '' : `-${n}`}.archived.db`;
    if (companions.every((end) => !existsSync(target + end))) return target;
  }
}

/** Moves a closed mirror away; whoever rests on that syncs the folder. */
export function moveToArchive(path: string, target: string): void {
  for (const end of companions.toReversed()) {
    if (existsSync(path + end)) renameSync(path + end, target + end);
  }
}

/** Copies a mirror as it is now, whoever has it open; `target` appears when it is whole. */
export async function copyToArchive(
  path: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  removeUnfinished(path);
  const temporary = target + unfinished;
  closeSync(openSync(temporary, 'wx', 0o600));
  const db = openForReading(path);
  try {
    await db.backup(temporary, {
      progress: () => {
        throwIfAborted(signal);
        return pagesPerStep;
      },
    });
    chmodSync(temporary, 0o600);
    refuseEditsOf(temporary, basename(path));
    renameSync(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    removeDatabase(temporary);
    throw error;
  } finally {
    db.close();
  }
}

/**
 * A program that has the wrong path is told the right one, rather than that its edits wait for ever. Where the archive is
 * put back as the mirror, its own next write makes the view anew.
 */
function refuseEditsOf(archive: string, mirror: string): void {
  const db = openForWriting(archive, false);
  withFinallySync(
    () => db.transaction(() => refuseEdits(db, putAsideMessage(mirror)))(),
    () => void db.close(),
  );
}

/** What a killed process left of an archive that it was making. The caller holds the org's lease. */
export function removeUnfinished(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  const before = `${basename(path, '.db')}.`;
  for (const name of readdirSync(folder)) {
    const [file, rest] = name.startsWith(before) ? name.slice(before.length).split(unfinished) : [];
    if (file === undefined || rest === undefined || !/^(-journal|-wal|-shm)?$/.test(rest)) continue;
    if (archivedName.exec(file)?.index === 0) rmSync(join(folder, name), { force: true });
  }
}
