import { expect, it } from 'vitest';
import { IdMarks } from '../../src/sync/cycle/id-marks.ts';
import type { KnownWindow } from '../../src/sync/cycle/known-window.ts';
import { recallWindow, rememberWindow } from '../../src/sync/cycle/known-window.ts';
import { inMemory } from './in-memory.ts';

const { context } = inMemory();
const { journal } = context.mirror;

async function recalled(window: KnownWindow): Promise<KnownWindow | null> {
  await context.mirror.commit({ effects: [rememberWindow('updated', window)] });
  return recallWindow(journal, 'updated', window.cursor);
}

const idsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `003Q${String(from + n).padStart(11, '0')}AAA`);

it('a window is recalled as it was remembered, at its own cursor alone', async () => {
  const window = { cursor: 60_000, ids: IdMarks.of(idsOf(3)), lastRead: 90_000 };
  expect(await recalled(window)).toEqual(window);
  expect(await recallWindow(journal, 'updated', 120_000)).toBeNull();
});

it('the ids of a window are known, however many an answer of Salesforce holds, and no others', async () => {
  const ids = idsOf(600_000);
  const window = await recalled({ cursor: 60_000, ids: IdMarks.of(ids.toReversed()), lastRead: 1 });
  expect(window?.ids.size).toBe(600_000);
  expect(ids.every((id) => window?.ids.has(id))).toBe(true);
  expect(idsOf(600_000, 600_000).some((id) => window?.ids.has(id))).toBe(false);
  // What lies in the journal for hours is a few bytes an id.
  expect(JSON.stringify(await journal.knownWindow('updated')).length).toBeLessThan(11 * 600_000);
});

const marks = IdMarks.of(idsOf(2)).toText();

it.each([
  [undefined],
  ['text'],
  [[]],
  [{ cursor: 60_000 }],
  // As versions before this one kept it.
  [{ cursor: 60_000, lastRead: 1, ids: ['003Q00000000000AAA'] }],
  [{ cursor: 60_000, lastRead: 1, ids: marks.slice(4) }],
  [{ cursor: 60_000, lastRead: 1, ids: `${marks.slice(0, -1)}*` }],
  [{ cursor: '60000', lastRead: 1, ids: marks }],
])('where %j is stored, nothing is known', async (stored) => {
  expect(await recallWindow({ knownWindow: async () => stored }, 'updated', 60_000)).toBeNull();
});
