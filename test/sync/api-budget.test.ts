import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ApiBudget } from '../../src/sync/api-budget.ts';

function budget(ownCalls: number, share = 0.25) {
  let now = 0;
  const clock = { ...systemClock, now: () => now };
  const own = new ApiBudget({ clock, share, ownCalls, instanceUrl: 'https://org.example' });
  return { own, pass: (ms: number) => (now += ms) };
}
const exhausted = expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' });

describe('ApiBudget', () => {
  it("stops at its own share of the org's daily limit", () => {
    const { own } = budget(24);
    own.after({ used: 24, max: 100 });
    own.before('pull');
    expect(() => own.before('pull')).toThrowError(exhausted);
  });

  it('yields when the org as a whole runs high, pushes later than pulls', () => {
    const { own } = budget(0);
    own.after({ used: 80, max: 100 });
    expect(() => own.before('pull')).toThrowError(exhausted);
    own.before('push');
    own.after({ used: 95, max: 100 });
    expect(() => own.before('push')).toThrowError(exhausted);
  });

  it('looks again after a while, because only an answer tells that there is room', () => {
    const { own, pass } = budget(0);
    own.after({ used: 99, max: 100 });
    expect(() => own.before('pull')).toThrowError(exhausted);
    pass(5 * 60_000);
    own.before('pull');
  });

  it('hands each call out once for storing', () => {
    const { own } = budget(0);
    own.before('pull');
    own.before('push');
    expect(own.takeUnsaved()).toBe(2);
    expect(own.takeUnsaved()).toBe(0);
  });
});
