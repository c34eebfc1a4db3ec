import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { History } from './history.ts';

const folder = join(import.meta.dirname, 'histories');

/** Histories that were bad once, or show a planted fault, whose name they bear; each shrunk to its cause. */
export function keptHistories(): { name: string; history: History }[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      history: JSON.parse(readFileSync(join(folder, file), 'utf8')) as History,
    }));
}
