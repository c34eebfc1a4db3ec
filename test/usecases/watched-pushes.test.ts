import { expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { CyclePush } from '../../src/sync/cycle/cycle.ts';
import { WatchedPushes } from '../../src/usecases/watched-pushes.ts';

const hourMs = 3_600_000;
const told: CyclePush = {
  isTried: true,
  pushed: 0,
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 0,
  unsent: 7,
  behind: { conflict: 0, held: 0, 'in-doubt': 0 },
  doubts: 0,
  error: null,
  left: null,
  noJobs: null,
};
const limit = (retryAfterMs: number) =>
  new AppError('REQUEST_LIMIT_EXCEEDED', 'ApiBatchItems', { details: { limit: 'other', retryAfterMs } });

function watched() {
  let now = 5;
  const pushes = new WatchedPushes({ monotonicMs: () => now }, 300_000);
  const pass = (ms: number) => {
    now += ms;
  };
  return { pushes, pass };
}

it('an org that is to be sent nothing is left alone until then', () => {
  const { pushes, pass } = watched();
  pushes.heed({ ...told, error: limit(hourMs) });
  expect([pushes.isDue(), pushes.isStuck]).toEqual([false, true]);
  pass(hourMs);
  expect(pushes.isDue()).toBe(true);
});

it('where the day of jobs alone is used up, all else is sent meanwhile, and jobs are tried after it', () => {
  const { pushes, pass } = watched();
  const noJobs = limit(hourMs);
  pushes.heed({ ...told, error: noJobs, noJobs });
  expect([pushes.isDue(), pushes.isStuck, pushes.noJobs]).toEqual([true, false, noJobs]);
  pass(hourMs - 1);
  // Told once more by whoever was given it: that hour is not another one.
  pushes.heed({ ...told, error: noJobs, noJobs });
  expect(pushes.noJobs).toBe(noJobs);
  pass(1);
  expect(pushes.noJobs).toBeNull();
});

it('what could not be sent is left to the next cycle, while all else goes as it is written', () => {
  const { pushes } = watched();
  const error = new AppError('REFUSED_FOR_NOW', 'The row is locked.');
  const left = { places: new Set([7]), reason: error };
  pushes.heed({ ...told, error, left });
  expect([pushes.isDue(), pushes.isStuck, pushes.left]).toEqual([true, false, left]);
  pushes.heed({ ...told, isTried: false });
  expect(pushes.left).toBe(left);
  const places = new Set(Array.from({ length: 10_001 }, (_, i) => i));
  pushes.heed({ ...told, error, left: { places, reason: error } });
  expect(pushes.isStuck).toBe(true);
  pushes.heed(told);
  expect([pushes.isStuck, pushes.left]).toEqual([false, null]);
});

it('a cycle that ended before it came to them does not forget that jobs are used up', () => {
  const { pushes } = watched();
  const noJobs = limit(hourMs);
  pushes.heed({ ...told, error: noJobs, noJobs });
  pushes.heed({ ...told, error: new AppError('NETWORK_UNREACHABLE', 'No way there.') });
  expect([pushes.isDue(), pushes.isStuck, pushes.noJobs]).toEqual([true, true, noJobs]);
  pushes.heed({ ...told, error: null });
  expect(pushes.noJobs).toBe(noJobs);
});

it('a cycle that leaves pushes out, or finds somebody else sending, forgets nothing that the org has asked for', () => {
  const { pushes, pass } = watched();
  pushes.heed({ ...told, error: limit(hourMs) });
  pass(hourMs / 2);
  pushes.heed({ ...told, isTried: false });
  expect([pushes.isDue(), pushes.isStuck]).toEqual([false, true]);
});
