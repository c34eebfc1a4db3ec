import { expect, it } from 'vitest';
import { shareIsUsed } from '../../../src/sync/budget/budget-refusals.ts';

const url = 'https://acme.my.salesforce.com';
const used = { own: 32, limit: 5, share: 0.25, retryAfterMs: 60_000 };

it('a share that is used up is told in figures that read for themselves', () => {
  expect(shareIsUsed(url, { ...used, purpose: 'pull' }).message).toBe(
    `This tool has made 32 API requests to ${url} in the last 24 hours, and its share allows 5 beside what is kept for pushes.`,
  );
  expect(shareIsUsed(url, { ...used, purpose: 'push' }).message).toBe(
    `This tool has made 32 API requests to ${url} in the last 24 hours, and its share allows 5.`,
  );
});
