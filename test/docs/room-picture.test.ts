import { expect, it } from 'vitest';
import { drawRooms } from '../../.build/draw-rooms.ts';
import { readPage } from './pages.ts';

it('the picture of the rooms is what the import checker reports, without a circle', () => {
  const [, shown] = /```mermaid\n([\s\S]*?)\n```/.exec(readPage('docs/architecture.md')) ?? [];
  expect(shown, 'npm run rooms:draw').toBe(drawRooms());
});

it('a circle of rooms has no picture', () => {
  const imports = (source: string, resolved: string) => ({ source, dependencies: [{ resolved }] });
  expect(() =>
    drawRooms([imports('src/store/a.ts', 'src/sync/b.ts'), imports('src/sync/b.ts', 'src/store/a.ts')]),
  ).toThrow('A circle of rooms: store → sync → store');
});

it('an arrow that only the sources have carries types alone', () => {
  const modules = [
    {
      source: 'src/store/a.ts',
      dependencies: [{ resolved: 'src/sync/b.ts' }, { resolved: 'src/auth/c.ts' }],
    },
    { source: 'dist/store/a.js', dependencies: [{ resolved: 'dist/auth/c.js' }] },
    { source: 'src/sync/b.ts', dependencies: [{ resolved: 'src/base/d.ts' }] },
    { source: 'src/auth/c.ts', dependencies: [] },
    { source: 'src/base/d.ts', dependencies: [] },
  ];
  expect(
    drawRooms(modules)
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual(['flowchart TD', 'store', 'sync', 'auth', 'store --> auth', 'store -.-> sync']);
});
