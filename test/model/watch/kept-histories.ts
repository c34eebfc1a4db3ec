import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type History, historyOf } from './history.ts';

const folder = join(import.meta.dirname, 'histories');

/**
 * Histories that were bad once, each shrunk to its cause, and those that show a planted fault, which bear its name: what
 * chance alone would meet once in thousands.
 */
export function keptHistories(): { name: string; history: History }[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      history: historyOf(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    }));
}
