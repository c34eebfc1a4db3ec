import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyOf, play } from './history.ts';

const folder = join(import.meta.dirname, 'histories');
const files = readdirSync(folder);

/** What was bad once, each shrunk to its cause. */
describe('a history that was bad once', () => {
  it.each(files)('leaves the mirror as what the user may see: %s', async (file) => {
    const tally = new Map<string, number>();
    await play(historyOf(JSON.parse(readFileSync(join(folder, file), 'utf8'))), tally);
    expect(tally.size).toBeGreaterThan(0);
  });
});
