import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isAbort } from '../../src/base/abort.ts';
import { Grace } from '../../src/base/grace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('aborts so long after the other signal, and not without it', () => {
  const stop = new AbortController();
  using grace = new Grace(stop.signal, 2_000, 'why');
  vi.advanceTimersByTime(10_000);
  expect(grace.signal.aborted).toBe(false);
  stop.abort();
  vi.advanceTimersByTime(1_999);
  expect(grace.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(grace.signal.aborted).toBe(true);
  expect(isAbort(grace.signal.reason)).toBe(true);
  expect(grace.signal.reason.message).toBe('why');
});

it('begins at once where the other has aborted before, and ends with its disposal', () => {
  const stopped = AbortSignal.abort();
  const ended = new Grace(stopped, 2_000, 'why');
  ended[Symbol.dispose]();
  using grace = new Grace(stopped, 2_000, 'why');
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(2_000);
  expect(grace.signal.aborted).toBe(true);
  expect(ended.signal.aborted).toBe(false);
});
