import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage, root } from './pages.ts';

const page = readPage('docs/invariants.md');
/** A numbered heading with what stands below it. */
const invariants = page.split(/\n(?=## \d+\. )/).slice(1);

/** `test/…` followed by one or more quoted titles. */
const named = [...page.matchAll(/`(test\/[^`]+)`((?:,? "[^"]+")+)/g)].flatMap(([, file = '', titles = '']) =>
  [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
);
const planted = [...page.matchAll(/^- planted: (.+)$/gm)].flatMap(([, names = '']) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
);

/** What stands in quotes before a test's or a group's function. */
function titlesOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(['"`])((?:\\.|(?!\1).)*)\1,\s*(?:async\b|\(|\{|function)/g)].map(
    ([, , title = '']) => title.replaceAll('\\', ''),
  );
}

describe('docs/invariants.md', () => {
  it('has the fourteen, each with a test or as not built yet', () => {
    expect(invariants).toHaveLength(14);
    const bare = invariants.filter(
      (text) => !text.includes('\n- `test/') && !text.includes('\nNot built yet'),
    );
    expect(bare).toEqual([]);
  });

  it('names tests that are there', () => {
    expect(named.length).toBeGreaterThan(70);
    const titles = new Map([...new Set(named.map(({ file }) => file))].map((file) => [file, titlesOf(file)]));
    const missing = named.filter(({ file, title }) => !titles.get(file)?.some((own) => own.includes(title)));
    expect(missing).toEqual([]);
  });

  it('names tests of which none is left out of the runs', () => {
    const files = [...new Set(named.map(({ file }) => file))];
    const off = files.filter((file) =>
      /\b(?:it|test|describe)\.(?:skip|only|todo)\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(off).toEqual([]);
  });

  it('names planted faults that are there', () => {
    expect(planted.length).toBeGreaterThan(50);
    expect(planted.filter((name) => !existsSync(join(root, 'test/mutations', `${name}.patch`)))).toEqual([]);
  });
});
