import { expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/daemon/concurrency-limit.ts';
import { manualClock } from '../support/manual-clock.ts';

const options = { slots: 1, atMost: 2, lendMs: 60_000, lendSilentMs: 1_000, silentMs: 1_000 };
const signal = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('has no room from when somebody comes until that one has gone, also before he has his place', async () => {
  const limit = new ConcurrencyLimit(options, manualClock(0));
  expect(limit.hasRoom).toBe(true);
  const end = Promise.withResolvers<void>();
  const work = limit.run(signal, { run: () => end.promise, silentForMs: () => 0 });
  expect(limit.hasRoom).toBe(false);
  await settle();
  expect(limit.hasRoom).toBe(false);
  end.resolve();
  await work;
  expect(limit.hasRoom).toBe(true);
});

it('has room again where whoever stood in line has left it', async () => {
  const limit = new ConcurrencyLimit(options, manualClock(0));
  const end = Promise.withResolvers<void>();
  const first = limit.run(signal, { run: () => end.promise, silentForMs: () => 0 });
  const leaving = new AbortController();
  const second = limit.run(leaving.signal, { run: async () => {}, silentForMs: () => 0 });
  await settle();
  leaving.abort();
  await expect(second).rejects.toThrow();
  end.resolve();
  await first;
  expect(limit.hasRoom).toBe(true);
});
