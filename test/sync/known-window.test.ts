import { expect, it } from 'vitest';
import type { KnownWindow } from '../../src/sync/cycle/known-window.ts';
import { recallWindow, rememberWindow } from '../../src/sync/cycle/known-window.ts';
import { inMemory } from './in-memory.ts';

const { context } = inMemory();
const { journal } = context.mirror;

async function recalled(window: KnownWindow): Promise<KnownWindow | null> {
  await context.mirror.commit({ effects: [rememberWindow(window)] });
  return recallWindow(journal, window.cursor);
}

const idsOf = (count: number) => new Set(Array.from({ length: count }, (_, n) => `003${n}`));

it('a window is recalled as it was remembered, at its own cursor alone', async () => {
  const window = { cursor: 60_000, ids: idsOf(3), lastRead: 90_000 };
  expect(await recalled(window)).toEqual(window);
  expect(await recallWindow(journal, 120_000)).toBeNull();
});

it('a window of very many ids is not kept, and what was kept before is forgotten', async () => {
  expect(await recalled({ cursor: 60_000, ids: idsOf(50_000), lastRead: 1 })).not.toBeNull();
  expect(await recalled({ cursor: 60_000, ids: idsOf(50_001), lastRead: 1 })).toBeNull();
  expect(await journal.knownWindow()).toBeNull();
});

it.each([[undefined], ['text'], [[]], [{ cursor: 60_000 }], [{ cursor: 60_000, lastRead: 1, ids: [5] }]])(
  'where %j is stored, nothing is known',
  async (stored) => {
    expect(await recallWindow({ knownWindow: async () => stored }, 60_000)).toBeNull();
  },
);
