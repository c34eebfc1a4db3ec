import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readAhead } from '../../../src/cli/input/read-ahead.ts';

/** Yields 0, 1, …, `count` - 1, and tells how many were asked for and whether it was ended. */
function counted(count: number, failure?: Error) {
  const seen = { taken: 0, closed: false };
  async function* numbers() {
    try {
      for (let number = 0; number < count; number++) {
        seen.taken++;
        yield number;
      }
      if (failure !== undefined) throw failure;
    } finally {
      seen.closed = true;
    }
  }
  return { seen, source: numbers() };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

test('reads while nobody asks, and no more than was allowed', async () => {
  const { seen, source } = counted(100);
  await using ahead = readAhead(source, 7);
  await turns();
  expect(seen.taken).toBe(7);
  const items: number[] = [];
  for await (const item of ahead) items.push(item);
  expect(items).toEqual(Array.from({ length: 100 }, (_, number) => number));
  expect(seen.closed).toBe(true);
});

test('hands on what came before a failure, and then the failure', async () => {
  const { source } = counted(3, new Error('broken off'));
  await using ahead = readAhead(source, 10);
  await turns();
  const items: number[] = [];
  const reading = (async () => {
    for await (const item of ahead) items.push(item);
  })();
  await expect(reading).rejects.toThrow('broken off');
  expect(items).toEqual([0, 1, 2]);
});

test('ends its source where nobody reads to the end', async () => {
  const { seen, source } = counted(100);
  {
    await using ahead = readAhead(source, 7);
    await turns();
    for await (const item of ahead) if (item === 2) break;
  }
  expect(seen.closed).toBe(true);
  expect(seen.taken).toBeLessThan(12);
});

test('keeps a failure to itself that nobody came to', async () => {
  const { seen, source } = counted(1, new Error('broken off'));
  {
    await using _ahead = readAhead(source, 7);
    await turns();
  }
  expect(seen.closed).toBe(true);
});
