import { describe, expect, it } from 'vitest';
import { OrgClock } from '../../src/salesforce/org-clock.ts';
import fc from '../support/properties.ts';

const truncated = (ms: number) => Math.floor(ms / 1_000) * 1_000;

describe('the org’s clock', () => {
  it('throws before the first answer', () => {
    expect(() => new OrgClock(() => 0).now()).toThrow(/not answered/);
  });

  it('counts on from the Date of the last answer', () => {
    let mono = 100;
    const clock = new OrgClock(() => mono);
    clock.observe(1_700_000_000_000, 50, 100);
    mono = 350.9;
    expect(clock.now()).toBe(1_700_000_000_250);
  });

  it('tells no time that one given out within the same millisecond lies before', () => {
    let mono = 100;
    const clock = new OrgClock(() => mono);
    clock.observe(1_700_000_000_000, 50, 100);
    mono = 350.2;
    const told = clock.told();
    mono = 350.9;
    expect(told).toBe(1_700_000_000_250);
    expect(clock.now()).toBe(told);
  });

  it('keeps the best lower bound of all answers', () => {
    const clock = new OrgClock(() => 1_000);
    clock.observe(1_700_000_000_000, 900, 1_000);
    clock.observe(1_700_000_000_000, 990, 1_000);
    expect(clock.now()).toBe(1_700_000_000_000);
    clock.observe(1_700_000_001_000, 950, 1_000);
    expect(clock.now()).toBe(1_700_000_001_000);
  });

  it('is strictly increasing, also within a millisecond', () => {
    const clock = new OrgClock(() => 5);
    clock.observe(1_700_000_000_000, 0, 5);
    const times = [clock.now(), clock.now(), clock.now()];
    expect(times).toEqual([1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002]);
  });

  it('never falls behind what a mirror has stored', () => {
    const clock = new OrgClock(() => 0, 1_800_000_000_000);
    clock.observe(1_700_000_000_000, 0, 0);
    expect(clock.now()).toBe(1_800_000_000_001);
  });

  it('follows an org whose clock was set back, yet never runs backwards', () => {
    let mono = 0;
    const clock = new OrgClock(() => mono);
    clock.observe(1_700_000_100_000, 0, 0);
    const before = clock.now();
    mono = 1_000;
    clock.observe(1_700_000_000_000, 990, 1_000);
    expect(clock.now()).toBe(before + 1);
    mono = 200_000;
    expect(clock.now()).toBe(1_700_000_199_000);
  });

  it('is never later than the org’s true time, whatever delays answers have', () => {
    const answer = fc.record({ pause: fc.nat(5_000), out: fc.nat(3_000), back: fc.nat(3_000) });
    fc.assert(
      fc.property(fc.nat(999), fc.array(answer, { minLength: 1, maxLength: 20 }), (phase, answers) => {
        const offset = 1_700_000_000_000 + phase;
        let mono = 0;
        const clock = new OrgClock(() => mono);
        let calls = 0;
        for (const { pause, out, back } of answers) {
          mono += pause;
          const sent = mono;
          const date = truncated(offset + sent + out);
          mono += out + back;
          clock.observe(date, sent, mono);
          // Each call may push the next by a millisecond, no more.
          expect(clock.now()).toBeLessThanOrEqual(offset + mono + calls++);
        }
      }),
    );
  });

  it('does not outrun an org whose clock is slower than this machine’s', () => {
    let mono = 0;
    const clock = new OrgClock(() => mono);
    for (let i = 0; i < 10_000; i++) {
      mono += 1_000;
      const truth = 1_700_000_000_000 + mono * 0.999;
      clock.observe(truncated(truth), mono - 10, mono);
      expect(clock.now()).toBeLessThanOrEqual(truth + 1_011);
    }
  });
});

describe('an answer whose time leaps', () => {
  const start = 1_700_000_000_000;
  const month = 30 * 86_400_000;

  /** Answers come a second apart, each asked for after the one before. */
  function answering(wallMs: (() => number) | null = null) {
    let mono = 0;
    const clock = new OrgClock(() => mono, 0, wallMs);
    const answer = (date: number) => {
      mono += 1_000;
      return clock.observe(date + mono, mono - 10, mono).kind;
    };
    return { clock, answer, now: () => clock.told() - mono };
  }

  it.each([month, -month, 180_000, -180_000])('by %i ms is not believed', (leap) => {
    const { answer, now } = answering();
    expect(answer(start)).toBe('expected');
    expect(answer(start + leap)).toBe('leapt');
    expect(now()).toBe(start);
    expect(answer(start)).toBe('expected');
    // Nor is the next one, for the first was not borne out.
    expect(answer(start + leap)).toBe('leapt');
    expect(answer(start + leap)).toBe('leapt');
    expect(now()).toBe(start);
  });

  it.each([month, -month])('by %i ms is believed once further answers agree', (leap) => {
    const { answer, now } = answering();
    answer(start);
    const kinds = [1, 2, 3, 4].map(() => answer(start + leap));
    expect(kinds).toEqual(['leapt', 'leapt', 'borne-out', 'expected']);
    expect(now()).toBe(start + leap);
  });

  it('that was believed and taken back leaves no time of the future behind', () => {
    const { clock, answer } = answering();
    answer(start);
    const before = clock.now();
    for (let i = 0; i < 3; i++) answer(start + month);
    expect(clock.now()).toBeGreaterThan(start + month);
    for (let i = 0; i < 3; i++) answer(start);
    expect(clock.now() - before).toBe(6_000);
  });

  it('that was taken back by seconds only keeps the order of what was read meanwhile', () => {
    const { clock, answer } = answering();
    answer(start);
    for (let i = 0; i < 3; i++) answer(start + 200_000);
    const ahead = clock.now();
    for (let i = 0; i < 3; i++) answer(start);
    expect(clock.now()).toBe(ahead + 1);
  });

  it('is not borne out by answers that were under way together', () => {
    const clock = new OrgClock(() => 10_000);
    clock.observe(start, 0, 10);
    for (let i = 0; i < 10; i++) expect(clock.observe(start + month, 1_000, 2_000 + i).kind).toBe('leapt');
    expect(clock.told()).toBe(start - 10 + 10_000);
  });

  it('is not borne out by answers that leap elsewhere', () => {
    const { answer, now } = answering();
    answer(start);
    for (let i = 1; i < 20; i++) expect(answer(start + i * month)).toBe('leapt');
    expect(now()).toBe(start);
  });

  it('is held against this machine’s own clock where it is the first', () => {
    const { clock, answer, now } = answering(() => start);
    expect(answer(start + month)).toBe('leapt');
    expect(clock.primed).toBe(false);
    expect(answer(start + 200_000)).toBe('expected');
    expect(now()).toBe(start + 200_000);
  });

  it('is believed of an org whose clock differs from this machine’s for good', () => {
    const { answer, now } = answering(() => start);
    expect([1, 2, 3].map(() => answer(start - month))).toEqual(['leapt', 'leapt', 'borne-out']);
    expect(now()).toBe(start - month);
  });

  it('is believed at once where this machine slept as long', () => {
    let mono = 0;
    let wall = start;
    const clock = new OrgClock(
      () => mono,
      0,
      () => wall,
    );
    clock.observe(start, 0, 10);
    wall += month;
    mono = 1_000;
    expect(clock.observe(start + month, 990, 1_000).kind).toBe('expected');
    expect(clock.told()).toBe(start + month);
  });
});
