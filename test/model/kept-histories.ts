import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Histories of a model's folder that were bad once, each shrunk to its cause, and those that show a planted fault, which bear
 * its name: what chance alone would meet once in thousands. `Told`: a history as JSON has it.
 */
export function keptIn<History, Told>(
  folder: string,
  historyOf: (told: Told) => History,
): { name: string; history: History }[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      history: historyOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Told),
    }));
}
