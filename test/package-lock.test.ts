import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

it('keeps npm from compiling better-sqlite3, whose binaries are inside the package', () => {
  // npm takes a binding.gyp for an install script unless the lock itself says otherwise, and `npm install` drops
  // that word from the lock: put `"gypfile": false` back into the entry.
  expect(read('package-lock.json').packages['node_modules/better-sqlite3'].gypfile).toBe(false);
  expect(read('package.json').allowScripts['better-sqlite3']).toBe(false);
});

it('names no download address', () => {
  const entries = Object.values(read('package-lock.json').packages) as { resolved?: string }[];
  expect(entries.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
