import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAppError } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type { ReplaceOptions } from '../../sync/ports/mirror-copies.ts';
import { archivePath, copyToArchive, removeDatabase } from './archives.ts';
import { readMeta } from './meta.ts';
import type { MirrorFile } from './mirror-file.ts';
import { archiveKey } from './replace-contents.ts';
import { mapSqliteFault } from './sqlite-fault.ts';

interface ReplaceParts extends ReplaceOptions {
  now: number;
  /** Lends the mirror at a path, which is made where it is not there. */
  withFile<T>(path: string, work: (file: MirrorFile) => Promise<T>): Promise<T>;
  /**
   * Moves the mirror away, where the lease is held still. What waits in its outbox, as far as that can be told, is given up by
   * `force` alone: AppError `OUTBOX_OPEN`.
   */
  archive(): Promise<string>;
}

/**
 * The mirror's file stays and only what is in it is replaced. Another file under its name would leave those who have the
 * old one open behind for ever, and pair the new one with the old one's log for whoever opens it in between. Only a file
 * that cannot be read is moved away.
 */
export async function replaceByCopy(path: string, copy: string, parts: ReplaceParts): Promise<string | null> {
  if (!existsSync(path)) {
    await replaceIn(path, copy, parts);
    return null;
  }
  try {
    await parts.withFile(path, (file) => file.writer(parts.signal, [parts.lease])('assertSound'));
  } catch (error) {
    const unreadable =
      isAppError(error, 'MIRROR_CORRUPT') || (parts.force && isAppError(error, 'MIRROR_NEWER_THAN_TOOL'));
    if (!unreadable) throw error;
    const archived = await parts.archive();
    await replaceIn(path, copy, parts);
    return archived;
  }
  const archived = await archiveOnce(path, copy, parts);
  await replaceIn(path, copy, parts);
  return archived;
}

function replaceIn(
  path: string,
  copy: string,
  { now, force, lease, signal, withFile }: ReplaceParts,
): Promise<void> {
  return withFile(path, (file) =>
    file.writer(signal, [lease])('replaceContents', copy, contact.name, { at: now, force }),
  );
}

/** Killed after it, the next try makes the archive anew rather than a second one. */
async function archiveOnce(
  path: string,
  copy: string,
  { now, lease, signal, withFile }: ReplaceParts,
): Promise<string> {
  const target = archivePath(path, now);
  try {
    await lease.confirm();
    await withFile(copy, async (file) => {
      const before = file.read((db) => readMeta(db, archiveKey));
      if (before !== null) removeDatabase(join(dirname(path), basename(before)));
      await file.writer(signal, [lease])('writeMeta', archiveKey, basename(target));
    });
    await copyToArchive(path, target, signal);
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
  return target;
}
