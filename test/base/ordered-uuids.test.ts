import { expect, test } from 'vitest';
import { orderedUuids } from '../../src/base/ordered-uuids.ts';

test('has the form of version 4, and each is behind the one before it', () => {
  const next = orderedUuids();
  const made = Array.from({ length: 70_000 }, next);
  for (const uuid of made)
    expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(made).toEqual(made.toSorted());
});

test('the first eight digits tell them apart', () => {
  const next = orderedUuids();
  const beginnings = Array.from({ length: 70_000 }, () => next().slice(0, 8));
  expect(new Set(beginnings).size).toBe(beginnings.length);
});

test('those of two pushes differ, in their beginning and in the rest', () => {
  const firsts = Array.from({ length: 100 }, () => orderedUuids()());
  expect(new Set(firsts.map((uuid) => uuid.slice(8))).size).toBe(firsts.length);
  expect(new Set(firsts.map((uuid) => uuid.slice(0, 4))).size).toBeGreaterThan(50);
});
