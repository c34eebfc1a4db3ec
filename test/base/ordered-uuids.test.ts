import { expect, test } from 'vitest';
import { orderedUuids } from '../../src/base/ordered-uuids.ts';

test('has the form of version 4, and each is behind the one before it', () => {
  const next = orderedUuids();
  const made = Array.from({ length: 70_000 }, next);
  for (const uuid of made)
    expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(made).toEqual(made.toSorted());
  expect(new Set(made).size).toBe(made.length);
});

test('two that count the same differ, also where both count for the same push', () => {
  const firsts = Array.from({ length: 1_000 }, () => orderedUuids()());
  expect(new Set(firsts.map((uuid) => uuid.slice(14))).size).toBe(firsts.length);
});
