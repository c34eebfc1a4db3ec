import { expect, it } from 'vitest';
import { pushWaiting } from '../../src/sync/cycle/cycle.ts';
import { WatchedPushes } from '../../src/usecases/watched-pushes.ts';
import { calls, control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const write = 'PATCH .*/composite/sobjects';
const writes = async (two: TwoWayRig) =>
  (await calls(two.rig.emulator.url)).filter(({ method, path }) =>
    new RegExp(write).test(`${method} ${path}`),
  ).length;

/** As a watch does behind a program's commit. */
async function pushBehind(two: TwoWayRig, before: Awaited<ReturnType<TwoWayRig['cycle']>>['push']) {
  const { context, signal } = two.rig;
  const report = await pushWaiting(context, { leave: before.left, patienceMs: 30_000, signal });
  expect(report).not.toBeNull();
  return report!.push;
}

it('a row that stays locked, and what follows of its contact, keeps no other edit from being sent, and is not tried with each', async () => {
  await using two = await twoWay();
  const [locked, other, third] = two.ids as [string, string, string];
  await control(two.rig.emulator.url, 'settings', { lockedIds: [locked] });
  two.sql("UPDATE contacts SET Title = 'Locked' WHERE Id = ?", locked);
  const { push: cycled } = await two.cycle();
  const writesBefore = await writes(two);
  expect(cycled).toMatchObject({ pushed: 0, unsent: 1, error: { code: 'REFUSED_FOR_NOW' } });

  two.sql("UPDATE contacts SET Title = 'Sent' WHERE Id = ?", other);
  const first = await pushBehind(two, cycled);
  expect(first).toMatchObject({ pushed: 1, unsent: 1, error: { code: 'REFUSED_FOR_NOW' } });
  expect((await two.org()).get(other)).toMatchObject({ Title: 'Sent' });
  expect(await writes(two)).toBe(writesBefore + 1);

  // Edited again, it is what could not be sent still.
  two.sql("UPDATE contacts SET Title = 'Locked again' WHERE Id = ?", locked);
  two.sql("UPDATE contacts SET Title = 'Sent too' WHERE Id = ?", third);
  const second = await pushBehind(two, first);
  expect(second).toMatchObject({ pushed: 1, unsent: 1, error: { code: 'REFUSED_FOR_NOW' } });
  expect(await writes(two)).toBe(writesBefore + 2);

  await control(two.rig.emulator.url, 'settings', { lockedIds: [] });
  expect((await two.cycle()).push).toMatchObject({ pushed: 1, unsent: 0, error: null, left: null });
  expect((await two.org()).get(locked)).toMatchObject({ Title: 'Locked again' });
});

it('what waits behind a request without an answer keeps no edit of another contact from being sent', async () => {
  await using two = await twoWay();
  const [lost, other] = two.ids as [string, string];
  await control(two.rig.emulator.url, 'faults', [
    { match: write, times: 1, reset: 'commit-later', commitAfterMs: 12_000 },
  ]);
  two.sql("UPDATE contacts SET Title = 'Lost' WHERE Id = ?", lost);
  await two.cycle();
  two.sql("UPDATE contacts SET Department = 'Behind' WHERE Id = ?", lost);
  const { push: cycled } = await two.cycle();
  expect(cycled).toMatchObject({ error: { code: 'UNSENT' } });

  two.sql("UPDATE contacts SET Title = 'Sent' WHERE Id = ?", other);
  expect(await pushBehind(two, cycled)).toMatchObject({ pushed: 1 });
  expect((await two.org()).get(other)).toMatchObject({ Title: 'Sent' });
});

it.each([
  ['cuts each write before it is carried out', { match: write, reset: 'before' }],
  ['answers nothing but that it is out of service', { match: '.*', status: 503 }],
])('an org that %s is not asked again with each edit', async (_, fault) => {
  await using two = await twoWay();
  const { context, emulator, signal } = two.rig;
  const pushes = new WatchedPushes(context.clock, 300_000);
  await control(emulator.url, 'faults', [{ match: write, reset: 'before', times: 99 }]);
  two.sql("UPDATE contacts SET Title = 'Lost' WHERE Id = ?", two.ids[0]);
  pushes.heed((await two.cycle()).push);
  expect([pushes.isStuck, pushes.left]).toEqual([true, null]);
  // As a cycle that the org lets through would have it.
  await control(emulator.url, 'faults', [{ ...fault, times: 9_999 }]);
  two.sql("UPDATE contacts SET Title = 'Lost' WHERE Id = ?", two.ids[1]);
  const report = await pushWaiting(context, { leave: null, patienceMs: 1, signal });
  pushes.heed(report!.push);
  expect([report!.push.pushed, pushes.isStuck]).toEqual([0, true]);
});
