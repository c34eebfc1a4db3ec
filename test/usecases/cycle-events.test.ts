import { expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { cycleCompleted, isPushNews, pushCompleted } from '../../src/usecases/cycle-events.ts';

const instanceUrl = 'https://acme.my.salesforce.com';
const usedUp = new AppError('REQUEST_LIMIT_EXCEEDED', 'The day of bulk jobs is used up.');
const push = {
  isTried: true,
  pushed: 2,
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 4,
  unsent: 9,
  behind: { conflict: 1, held: 2, 'in-doubt': 3 },
  doubts: 2,
  error: usedUp,
  left: null,
  noJobs: usedUp,
};
const outbox = { pending: 9, sent: 1, 'in-doubt': 2, done: 3, rejected: 0, dropped: 0, held: 4, conflict: 5 };
const done = { apiCalls: 3, durationMs: 4, runId: 'r' };
const told = {
  instanceUrl,
  pushed: 2,
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 4,
  unsent: 9,
  behind: { conflicts: 1, held: 2, inDoubt: 3 },
  doubts: 2,
  pushError: expect.objectContaining({ code: 'REQUEST_LIMIT_EXCEEDED' }),
  outbox: { pending: 9, rejected: 0, inDoubt: 3, held: 4, conflicts: 5 },
  ...done,
};

it('a push is told by the keys of the reference, and nothing that the watch keeps for itself', () => {
  expect(pushCompleted(instanceUrl, { push, outbox, ...done })).toEqual({ event: 'push:complete', ...told });
  const pulled = { upserted: 1, deleted: 0, undeleted: 0 };
  const report = { push, outbox, coveredUntil: Date.UTC(2026, 0, 31), ...pulled, ...done };
  expect(cycleCompleted(instanceUrl, report)).toEqual({
    event: 'cycle:complete',
    ...told,
    ...pulled,
    coveredUntil: '2026-01-31T00:00:00.000Z',
  });
});

it('a push after which all that waits is behind earlier entries is no news', () => {
  const waits = { ...push, pushed: 0, held: 0, unsent: 6, error: null, noJobs: null };
  expect(isPushNews(waits)).toBe(false);
  expect(isPushNews({ ...waits, unsent: 7 })).toBe(true);
  expect(isPushNews({ ...waits, held: 1 })).toBe(true);
});
