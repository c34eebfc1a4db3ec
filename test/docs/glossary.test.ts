import { expect, it } from 'vitest';
import { readPage } from './pages.ts';

const terms = [...readPage('docs/glossary.md').matchAll(/^\| ([^|]+?) \| [^|]+ \|$/gm)]
  .map(([, term = '']) => term)
  .filter((term) => term !== 'term');

it('the glossary has each term once, in the order of the alphabet', () => {
  expect(terms.length).toBeGreaterThan(50);
  expect(terms).toEqual([...new Set(terms)].toSorted((a, b) => a.localeCompare(b, 'en')));
});
