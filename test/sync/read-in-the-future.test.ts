import { expect, it } from 'vitest';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { mendFuture } from '../../src/sync/reconcile/mend-future.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { copiedRig, equal, idsOf, later, reconciled } from './reconcile-rig.ts';

it('what was read while the org told a wrong time, within the second of its last change, is read again by a reconcile', async () => {
  await using rig = await copiedRig(5);
  const { url } = rig.emulator;
  const [id] = await idsOf(rig, 1);
  await control(url, 'touch', { ids: [id], set: { Title: 'Once' } });
  const touched = (await contactsOf(url)).find(({ Id }) => Id === id);
  const second = Date.parse(String(touched?.SystemModstamp).replace('+0000', 'Z'));
  await later(rig, 1, (context) => runCycle(context, { push: false, signal: rig.signal }));
  await control(url, 'clock', { now: new Date(second + 500).toISOString() });
  await control(url, 'touch', { ids: [id], set: { Title: 'Twice' } });
  const again = (await contactsOf(url)).find(({ Id }) => Id === id);
  expect(again?.SystemModstamp).toBe(touched?.SystemModstamp);
  await control(url, 'clock', { advanceMs: 120_000 });
  await later(rig, 0, (context) => mendFuture(context, { signal: rig.signal }));
  expect((await reconciled(rig)).error).toBeNull();
  await equal(rig);
});
