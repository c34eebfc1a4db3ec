import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** `test/…` followed by one or more quoted titles, as the page names the test of a claim. */
function namedTests(page: string): [file: string, title: string][] {
  const names: [string, string][] = [];
  for (const [, file = '', titles = ''] of page.matchAll(/`(test\/[^`]+)`((?:,? "[^"]+")+)/g)) {
    for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g)) names.push([file, title]);
  }
  return names;
}

it('every claim of the threat model names tests that exist', () => {
  const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
  const names = namedTests(page);
  expect(names.length).toBeGreaterThan(40);
  const missing = names.filter(([file, title]) => !readFileSync(join(root, file), 'utf8').includes(title));
  expect(missing).toEqual([]);
  // What is printed in bold is what an attacker can do all the same; only there may the test be missing.
  const claims = page
    .split('\n')
    .filter((line) => /^\| (?!They|Claim|-)/.test(line) && line.startsWith('| '));
  const bare = claims.filter((line) => !line.includes('`test/') && !line.startsWith('| **'));
  expect(bare).toEqual([]);
  expect(claims.length).toBeGreaterThan(30);
});
