import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { WatchedReconciles } from '../../src/usecases/watch-reconcile.ts';
import { openRig } from '../sync/rig.ts';

const hour = 3_600_000;
const dueByTimetable = { cause: 'scheduled', why: 'it is due by the timetable' } as const;

/** A scheduled reconcile that has failed with `error`, while this machine's clock was `aheadMs` ahead. */
async function failed(error: AppError, aheadMs = 0) {
  const rig = await openRig({ contacts: 5 });
  await backfill(rig.context, { signal: rig.signal });
  let ahead = aheadMs;
  const { clock, remote } = rig.context;
  const identity = async () => {
    throw error;
  };
  const context = {
    ...rig.context,
    remote: { ...remote, identity },
    clock: { ...clock, now: () => clock.now() + ahead },
  };
  const connected = { context, budget: { remaining: async () => null } } as unknown as Parameters<
    WatchedReconciles['make']
  >[0];
  const events: WatchEvent[] = [];
  const reconciles = new WatchedReconciles({ everyMs: 1, tell: (event) => events.push(event) });
  rig.pass(hour);
  expect(await reconciles.afterCycle(connected)).toEqual(dueByTimetable);
  await reconciles.make(connected, dueByTimetable, rig.signal);
  return {
    rig,
    events,
    setRight: () => {
      ahead = 0;
    },
    isDue: async () => (await reconciles.afterCycle(connected)) !== null,
  };
}

describe('a scheduled reconcile that failed', () => {
  it('is tried again no earlier than the org has asked', async () => {
    const error = new AppError('ORG_UNAVAILABLE', 'Later.', { details: { retryAfterMs: 4 * hour } });
    const { rig, events, isDue } = await failed(error);
    await using _ = rig;
    expect(events).toMatchObject([{ event: 'reconcile:failed', retryInMs: 4 * hour }]);
    rig.pass(3.9 * hour);
    expect(await isDue()).toBe(false);
    rig.pass(0.2 * hour);
    expect(await isDue()).toBe(true);
  });

  it('is tried again in an hour, whatever this machine’s clock has said when it failed', async () => {
    const error = new AppError('ORG_UNAVAILABLE', 'Down.');
    const { rig, events, isDue, setRight } = await failed(error, 30 * 24 * hour);
    await using _ = rig;
    expect(events).toMatchObject([{ event: 'reconcile:failed', retryInMs: hour }]);
    setRight();
    rig.pass(0.9 * hour);
    expect(await isDue()).toBe(false);
    rig.pass(0.2 * hour);
    expect(await isDue()).toBe(true);
  });
});
