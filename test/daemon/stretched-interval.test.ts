import { describe, expect, it } from 'vitest';
import { type CallsAhead, stretchedIntervalMs } from '../../src/daemon/stretched-interval.ts';

const minute = 60_000;
const hour = 60 * minute;
const ahead = (more: Partial<CallsAhead>): CallsAhead => ({
  left: 90,
  returns: [],
  cycleCost: 2,
  spare: 0,
  ...more,
});
const minutes = (calls: CallsAhead | null, interval = 5) =>
  Math.round(stretchedIntervalMs(interval * minute, calls) / minute);

describe('an interval is stretched', () => {
  it('not where nothing is known, nor where the calls last', () => {
    expect(minutes(null)).toBe(5);
    expect(minutes(ahead({ left: 576 }))).toBe(5);
    expect(minutes(ahead({ left: 90 }), 45)).toBe(45);
  });

  it('so that the calls that are left last for the day', () => {
    expect(minutes(ahead({ left: 575 }))).toBe(5);
    expect(stretchedIntervalMs(5 * minute, ahead({ left: 575 }))).toBeGreaterThan(5 * minute);
    // 45 cycles; the 46th comes after the day.
    expect(minutes(ahead({ left: 90 }))).toBe(31);
    expect(minutes(ahead({ left: 90, cycleCost: 6 }))).toBe(90);
  });

  it('until calls come back, where none are left', () => {
    expect(minutes(ahead({ left: 0, returns: [{ inMs: 7 * hour, calls: 576 }] }))).toBe(420);
    expect(minutes(ahead({ left: 1, returns: [{ inMs: 20 * minute, calls: 2 }] }))).toBe(720);
  });

  it('no more than they come back evenly', () => {
    const returns = Array.from({ length: 72 }, (_, n) => ({ inMs: (n + 1) * 20 * minute, calls: 2 }));
    expect(minutes(ahead({ left: 0, returns }))).toBe(20);
    expect(minutes(ahead({ left: 2, returns }))).toBe(20);
    expect(minutes(ahead({ left: 0, returns, cycleCost: 4 }))).toBe(40);
  });

  it('keeps a spare for a cycle that takes more', () => {
    expect(minutes(ahead({ left: 90, spare: 10 }))).toBeGreaterThan(minutes(ahead({ left: 90 })));
    expect(minutes(ahead({ left: 4, spare: 3, returns: [{ inMs: hour, calls: 1_000 }] }))).toBe(60);
  });

  it('to a day at most, where a share holds not even one cycle', () => {
    expect(minutes(ahead({ left: 1 }))).toBe(1_440);
  });
});
