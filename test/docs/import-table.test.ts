import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage, root } from './pages.ts';

interface Rule {
  name: string;
  comment?: string;
}

const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
  forbidden: Rule[];
};
const table = /## Who may import whom\n([\s\S]*?)\n## /.exec(readPage('docs/architecture.md'))?.[1] ?? '';
const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

describe('the table of imports in docs/architecture.md', () => {
  it('says what the checker enforces, of each room', () => {
    const told = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => {
        const [, room = '', allowed = '', types = ''] = line.split('|');
        const may = [...words(allowed), ...words(types).map((other) => `types of ${other}`)];
        const [name] = words(room);
        return [`${name}-imports`, `${name} may import only ${may.join(', ') || "node's own modules"}.`];
      });
    const enforced = forbidden
      .filter(({ name }) => name.endsWith('-imports'))
      .map(({ name, comment }) => [name, comment]);
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(enforced);
  });
});
