import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The lines of one place of a file, before and after. */
interface Hunk {
  /** Of the first line, from 1; the lines are looked for around it. */
  at: number;
  old: string[];
  new: string[];
}

/**
 * The files that a unified diff changes, as they are with it: a path from the root, and the whole text. Not by
 * `git apply`, which takes paths from the root of a repository around the tree and skips what lies elsewhere.
 * Throws where a place is not as the diff has it.
 */
export function patchedFiles(diff: string, root: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const part of diff.split(/^(?=--- a\/)/m).filter((text) => text.startsWith('--- a/'))) {
    const path = /^\+\+\+ b\/(.+)$/m.exec(part)?.[1];
    if (path === undefined) throw new Error('A part of the patch names no file.');
    const hunks = part
      .split(/^(?=@@ )/m)
      .slice(1)
      .map(parseHunk);
    if (hunks.length === 0) throw new Error(`The patch changes nothing in ${path}.`);
    const lines = readFileSync(join(root, path), 'utf8').split('\n');
    for (const hunk of hunks.toReversed()) {
      const at = placeOf(hunk, lines);
      if (at === null) throw new Error(`${path} is not as the patch has it around line ${hunk.at}.`);
      lines.splice(at, hunk.old.length, ...hunk.new);
    }
    files.set(path, lines.join('\n'));
  }
  if (files.size === 0) throw new Error('The patch changes no file.');
  return files;
}

/** Writes what the diff makes of the tree at `root`; returns how to take it back. */
export function applyPatch(diff: string, root: string): () => void {
  const files = [...patchedFiles(diff, root)].map(([path, text]) => {
    const full = join(root, path);
    return { full, text, before: readFileSync(full, 'utf8') };
  });
  for (const { full, text } of files) writeFileSync(full, text);
  return () => {
    for (const { full, before } of files) writeFileSync(full, before);
  };
}

function parseHunk(text: string): Hunk {
  const [head = '', ...body] = text.replace(/^diff [\s\S]*$/m, '').split('\n');
  const numbers = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(head);
  if (numbers === null) throw new Error(`"${head}" begins no place of a patch.`);
  const [before, after] = [Number(numbers[2] ?? 1), Number(numbers[3] ?? 1)];
  const hunk: Hunk = { at: Number(numbers[1]), old: [], new: [] };
  for (const line of body) {
    if (!/^[ +-]/.test(line)) break;
    if (!line.startsWith('+')) hunk.old.push(line.slice(1));
    if (!line.startsWith('-')) hunk.new.push(line.slice(1));
  }
  if (hunk.old.length !== before || hunk.new.length !== after) throw new Error(`The place "${head}" is cut.`);
  return hunk;
}

/** The place nearest to where the patch has it: others may have changed lines above. */
function placeOf({ at, old }: Hunk, lines: readonly string[]): number | null {
  let nearest: number | null = null;
  for (let start = 0; start + old.length <= lines.length; start++) {
    if (!old.every((line, i) => lines[start + i] === line)) continue;
    if (nearest === null || Math.abs(start - at + 1) < Math.abs(nearest - at + 1)) nearest = start;
  }
  return nearest;
}
