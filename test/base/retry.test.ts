import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { backoffOrToldMs, upTo } from '../../src/base/backoff.ts';
import { systemClock } from '../../src/base/clock.ts';
import { retry } from '../../src/base/retry.ts';

/** Work that fails so often, and a clock that only notes how long it was to wait. */
function failing(times: number, error: Error = new Error('It broke.')) {
  const noted = { tries: 0, waits: [] as number[] };
  const clock = {
    sleep: async (ms: number, { signal }: { signal?: AbortSignal } = {}) => {
      signal?.throwIfAborted();
      noted.waits.push(ms);
    },
  };
  const work = async () => {
    if (++noted.tries <= times) throw error;
    return 'done';
  };
  return { noted, clock, work };
}

describe('a retry', () => {
  it('tries again as often and as late as its policy says', async () => {
    const { noted, clock, work } = failing(3);
    expect(await retry(work, { clock, waitMs: (_, failures) => (failures + 1) * 10 })).toBe('done');
    expect(noted).toEqual({ tries: 4, waits: [10, 20, 30] });
  });

  it('throws the very error that its policy takes for final', async () => {
    const error = new Error('It broke.');
    const { noted, clock, work } = failing(9, error);
    const policy = upTo(2, { baseMs: 100, maxMs: 150, random: () => 1 }, () => true);
    await expect(retry(work, { clock, waitMs: policy })).rejects.toBe(error);
    expect(noted).toEqual({ tries: 3, waits: [100, 150] });
  });

  it('repeats nothing that its policy does not know to pass', async () => {
    const { noted, clock, work } = failing(1);
    const policy = upTo(2, { baseMs: 100, maxMs: 150 }, () => false);
    await expect(retry(work, { clock, waitMs: policy })).rejects.toThrow('It broke.');
    expect(noted.tries).toBe(1);
  });

  it('ends its wait at once on an abort', async () => {
    const stop = new AbortController();
    const { noted, work } = failing(9);
    const retried = retry(work, { clock: systemClock, signal: stop.signal, waitMs: () => 3_600_000 });
    setTimeout(() => stop.abort(abortReason()), 20);
    await expect(retried).rejects.toMatchObject({ name: 'AbortError' });
    expect(noted.tries).toBe(1);
  });

  it('keeps what the work has come to, though it was aborted meanwhile', async () => {
    const stop = new AbortController();
    const { clock } = failing(0);
    const stored = async () => {
      stop.abort(abortReason());
      return 'stored';
    };
    expect(await retry(stored, { clock, signal: stop.signal, waitMs: () => 0 })).toBe('stored');
    expect(await retry(stored, { clock, signal: stop.signal, waitMs: () => 0 })).toBe('stored');
  });
});

describe('a wait before a repeat', () => {
  it('is the time that was told and a fifth of the own one, or the own one', () => {
    const options = { baseMs: 1_000, maxMs: 8_000, random: () => 0 };
    expect(backoffOrToldMs(2, null, options)).toBe(2_000);
    expect(backoffOrToldMs(2, 60_000, options)).toBe(60_400);
    expect(backoffOrToldMs(2, 0, options)).toBe(400);
  });
});
