import { describe, expect, it, vi } from 'vitest';
import { TimedOut, withinTime } from '../../src/emulator/http/within-time.ts';

/** Lets the clock on the wall run without using the processor. */
function starve(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('work with a bound on its time', () => {
  it('is stopped where it uses that time', () => {
    expect(() => withinTime(50, () => /^(a+)+$/.test(`${'a'.repeat(40)}!`))).toThrow(TimedOut);
  });

  it('is begun anew where it got no processor for so long', () => {
    const work = vi.fn(() => {
      if (work.mock.calls.length < 3) starve(120);
      return 'done';
    });
    expect(withinTime(100, work)).toBe('done');
    expect(work).toHaveBeenCalledTimes(3);
  });

  it('throws its own errors once', () => {
    const work = vi.fn(() => {
      throw new RangeError('own');
    });
    expect(() => withinTime(100, work)).toThrow(RangeError);
    expect(work).toHaveBeenCalledTimes(1);
  });
});
