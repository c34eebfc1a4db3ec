import { expect, it } from 'vitest';
import { Bell } from '../../src/daemon/bell.ts';
import { manualClock } from '../support/manual-clock.ts';

const { signal } = new AbortController();

it('ends a wait before its time', async () => {
  const clock = manualClock();
  const bell = new Bell();
  const waiting = bell.wait(clock, 60_000, signal);
  bell.ring();
  expect(await waiting).toBe('nudge');
  expect(clock.sleeping()).toEqual([]);
});

it('is remembered once where it rings while nobody waits', async () => {
  const clock = manualClock();
  const bell = new Bell();
  bell.ring();
  bell.ring();
  expect(await bell.wait(clock, 60_000, signal)).toBe('nudge');
  const next = bell.wait(clock, 60_000, signal);
  clock.advance(60_000);
  expect(await next).toBe('tick');
});

it('leaves the end to the signal, though it rings in the same moment', async () => {
  const clock = manualClock();
  const bell = new Bell();
  const end = new AbortController();
  const waiting = bell.wait(clock, 60_000, end.signal);
  end.abort();
  bell.ring();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});
