import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrgClock } from '../../src/salesforce/org-clock.ts';

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
