import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ApiBudget } from '../../src/sync/api-budget.ts';
import { saveCalls } from '../../src/usecases/connect-org.ts';
import { openRig } from '../sync/rig.ts';

it('lets calls pass out of the budget after 24 hours, so that a daemon never ends its share for good', async () => {
  await using rig = await openRig();
  const { mirror, remote } = rig.context;
  const hour = 3_600_000;
  let now = 1_000 * hour;
  const clock = { ...systemClock, now: () => now };
  const budget = new ApiBudget({ clock, share: 0.25, ownCalls: 0, instanceUrl: rig.emulator.url });
  budget.after({ used: 0, max: 100 });
  for (let call = 0; call < 25; call++) budget.before('pull');
  await saveCalls({ mirror, remote, budget }, now);
  expect(() => budget.before('pull')).toThrowError(expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' }));

  now += 26 * hour;
  await saveCalls({ mirror, remote, budget }, now);
  budget.after({ used: 0, max: 100 });
  budget.before('pull');
  // Calls of another process count as soon as they are stored.
  await mirror.usage.addCalls(now / hour, 30);
  await saveCalls({ mirror, remote, budget }, now);
  expect(budget.ownCalls).toBe(31);
});
