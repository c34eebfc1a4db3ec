import { expect, it } from 'vitest';
import { MemoryCallLedger } from '../../../src/store/memory/memory-call-ledger.ts';
import { ApiBudget } from '../../../src/sync/budget/api-budget.ts';

const minute = 60_000;
const orgId = '00D000000000001AAA';
/** An installation whose processes share a ledger and a clock. */
function installation(share = 0.25) {
  let now = Date.UTC(2026, 2, 4, 10, 1);
  const ledger = new MemoryCallLedger();
  const clock = { now: () => now, sleep: async () => {} };
  return {
    pass: (ms: number) => {
      now += ms;
    },
    process: () => new ApiBudget({ ledger, orgId, clock, share, instanceUrl: 'https://org.example' }),
    told: (used: number, max: number) => ({ used, max, at: now, app: null }),
  };
}
const exhausted = expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' });

it('what an org said while this clock was ahead does not pause it until that time comes', async () => {
  const { process, told, pass } = installation();
  const one = process();
  pass(30 * 24 * 60 * minute);
  await one.before('pull');
  one.after(told(900, 1_000));
  await one.settle();
  // The clock is set right.
  pass(-30 * 24 * 60 * minute);
  const other = process();
  pass(10 * minute);
  await other.before('pull'); // the look
  other.after(told(10, 1_000)); // the org has room
  await other.before('pull');
});

it('what an org said while this clock was ahead does not hide that it runs high now', async () => {
  const { process, told, pass } = installation();
  const one = process();
  pass(30 * 24 * 60 * minute);
  await one.before('pull');
  one.after(told(10, 1_000));
  await one.settle();
  pass(-30 * 24 * 60 * minute);
  const other = process();
  await other.before('pull');
  other.after(told(990, 1_000));
  await other.settle();
  await expect(other.before('pull')).rejects.toEqual(exhausted);
  await expect(process().before('pull')).rejects.toEqual(exhausted);
});

it('a clock that was days ahead gives no second share of the day', async () => {
  const { process, told, pass } = installation();
  const one = process();
  let calls = 0;
  const callUntilRefused = async () => {
    for (;;) {
      try {
        await one.before('pull');
      } catch (error) {
        expect(error).toEqual(exhausted);
        return;
      }
      calls++;
      one.after(told(calls, 400));
    }
  };
  const callTimes = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await one.before('pull');
      calls++;
      one.after(told(calls, 400));
    }
    await one.settle();
  };
  await callTimes(50);
  pass(30 * 24 * 60 * minute);
  await callTimes(30);
  // The clock is set right.
  pass(-30 * 24 * 60 * minute);
  pass(20 * minute);
  await callUntilRefused();
  expect(calls).toBe(90);
});
