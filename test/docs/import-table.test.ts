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
const section = /## Who may import whom\n([\s\S]*?)\n## /.exec(readPage('docs/architecture.md'))?.[1] ?? '';
const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

/** The cells of the table whose head begins so. */
function rowsOf(head: string): string[][] {
  const lines = section.split('\n');
  const rows = lines.slice(lines.findIndex((line) => line.startsWith(`| ${head} |`)) + 2);
  return rows.slice(0, rows.indexOf('')).map((line) => line.split('|').slice(1, -1));
}

/** What the checker says of the folders of a room that has an order within; of the rooms themselves where none is given. */
const enforced = (room?: string) =>
  forbidden.flatMap(({ name, comment }) => {
    const match = /^(?:(push|emulator)-.+|[^-]+)-imports$/.exec(name);
    return match !== null && match[1] === room ? [[name, comment]] : [];
  });

describe('the tables of imports in docs/architecture.md', () => {
  it('say what the checker enforces, of each room', () => {
    const told = rowsOf('room').map(([room = '', allowed = '', types = '']) => {
      const may = [...words(allowed), ...words(types).map((other) => `types of ${other}`)];
      const [name] = words(room);
      return [`${name}-imports`, `${name} may import only ${may.join(', ') || "node's own modules"}.`];
    });
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(enforced());
  });

  it.each([
    ['pushing', 'push'],
    ['the emulator', 'emulator'],
  ])('and of each folder of %s', (said, room) => {
    const told = rowsOf(`folder of ${said}`).map(([folder = '', allowed = '']) => {
      const [name = ''] = words(folder);
      const may = words(allowed).join(', ') || 'itself';
      return [
        `${room}-${name.replaceAll('/', '-')}-imports`,
        `Of ${said} ${name === 'door' ? '.' : name} may import only ${may}.`,
      ];
    });
    expect(told.length).toBeGreaterThan(5);
    expect(told).toEqual(enforced(room));
  });
});
