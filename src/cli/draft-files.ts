import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isInUse, writerMark } from '../base/writer-mark.ts';

/** A file's name has no more bytes on the usual file systems. */
const longestName = 255;
/** What `draftPath` adds, and a process' id is not longer than ten digits. */
const addedCharacters = '.'.length + 10 + '-'.length + 16 + '-'.length + 36 + '.part'.length;

/** A name beside `path` for what is to take its place; it says who writes it. */
export function draftPath(path: string): string {
  return join(dirname(path), `${stemOf(path)}.${writerMark()}-${randomUUID()}.part`);
}

/** The version before named no writer, and nothing else. */
const ownEnding =
  /^\.(?:(?<pid>\d+)-(?<place>[\da-f]{16})-)?[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}\.part$/;

/**
 * Removes the drafts of `path` that a killed process left behind. Those of one that may still be at work stay, as does
 * whatever else is called alike.
 */
export async function sweepDrafts(path: string): Promise<void> {
  const stem = stemOf(path);
  const entries = await readdir(dirname(path), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.startsWith(stem)) continue;
    const own = ownEnding.exec(entry.name.slice(stem.length));
    if (own === null) continue;
    const draft = join(dirname(path), entry.name);
    try {
      if (!isInUse(draft, Number(own.groups?.pid), own.groups?.place)) await rm(draft, { force: true });
    } catch {
      // Somebody else's, in a folder that is shared: left for its owner.
    }
  }
}

/** As much of the name as leaves room for the rest. */
function stemOf(path: string): string {
  let stem = '';
  for (const character of basename(path)) {
    if (Buffer.byteLength(stem + character) > longestName - addedCharacters) break;
    stem += character;
  }
  return stem;
}
