import { describe, expect, it } from 'vitest';
import type { SyncContext } from '../../src/sync/context.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { mendFuture } from '../../src/sync/reconcile/mend-future.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { copiedRig, equal, idsOf, later, reconciled, sql } from './reconcile-rig.ts';
import type { Rig } from './rig.ts';

const cycled = (context: SyncContext) =>
  runCycle(context, { push: false, signal: new AbortController().signal });

it('what was read while the org told a wrong time, within the second of its last change, is read again by a reconcile', async () => {
  await using rig = await copiedRig(5);
  const { url } = rig.emulator;
  const [id] = await idsOf(rig, 1);
  await control(url, 'touch', { ids: [id], set: { Title: 'Once' } });
  const touched = (await contactsOf(url)).find(({ Id }) => Id === id);
  const second = Date.parse(String(touched?.SystemModstamp).replace('+0000', 'Z'));
  await later(rig, 1, cycled);
  await control(url, 'clock', { now: new Date(second + 500).toISOString() });
  await control(url, 'touch', { ids: [id], set: { Title: 'Twice' } });
  const again = (await contactsOf(url)).find(({ Id }) => Id === id);
  expect(again?.SystemModstamp).toBe(touched?.SystemModstamp);
  await control(url, 'clock', { advanceMs: 120_000 });
  await later(rig, 0, (context) => mendFuture(context, { signal: rig.signal }));
  expect(await reconciled(rig)).toMatchObject({ error: null, stale: 1, repaired: 1 });
  await equal(rig);
});

it('what is read again only since it may have changed within its second is nothing that differs', async () => {
  await using rig = await copiedRig(8);
  await control(rig.emulator.url, 'touch', { count: 5, set: { Title: 'Once' } });
  await later(rig, 0, cycled);
  await later(rig, 0, cycled);
  await equal(rig);
  const dry = await reconciled(rig, 0, { dryRun: true });
  expect(dry).toMatchObject({ error: null, checked: 8, stale: 0, ids: { stale: [] } });
  expect(await reconciled(rig)).toMatchObject({ error: null, checked: 8, stale: 0, repaired: 0 });
  await equal(rig);
});

describe.each([
  ['a day', 86_400_000],
  ['half an hour', 30 * 60_000],
])('a contact that the org has stamped %s ahead of its clock', (_, aheadMs) => {
  /** The rig, its contacts, and one of them stamped so. */
  async function stampedAhead(): Promise<{ rig: Rig; id: string }> {
    const rig = await copiedRig(5);
    const { url } = rig.emulator;
    const [id] = (await idsOf(rig, 1)) as [string];
    await control(url, 'clock', { advanceMs: aheadMs });
    await control(url, 'touch', { ids: [id], set: { Title: 'Ahead' } });
    await later(rig, 0, cycled);
    await control(url, 'clock', { advanceMs: -aheadMs });
    await later(rig, 0, (context) => mendFuture(context, { signal: rig.signal }));
    return { rig, id };
  }

  it('is brought up to date by a reconcile', async () => {
    const { rig, id } = await stampedAhead();
    await using _rig = rig;
    await control(rig.emulator.url, 'touch', { ids: [id], set: { Title: 'Now' } });
    const { error, stale, repaired } = await reconciled(rig);
    expect({ error, stale, repaired }).toEqual({ error: null, stale: 1, repaired: 1 });
    await equal(rig);
  });

  it('is removed by a reconcile where it was deleted since', async () => {
    const { rig, id } = await stampedAhead();
    await using _rig = rig;
    await control(rig.emulator.url, 'delete', { ids: [id] });
    expect((await reconciled(rig)).error).toBeNull();
    await equal(rig);
  });
});

it('an edit behind a stamp that lies in a far future is taken by the cycle that is told of it', async () => {
  await using rig = await copiedRig(5);
  const { url } = rig.emulator;
  const [edited, deleted] = (await idsOf(rig, 2)) as [string, string];
  sql(
    rig,
    "update contact set SystemModstamp = '2999-01-01T00:00:00.000Z' where Id in (?, ?)",
    edited,
    deleted,
  );
  await control(url, 'touch', { ids: [edited], set: { Title: 'Now' } });
  await control(url, 'delete', { ids: [deleted] });
  await later(rig, 1, cycled);
  await equal(rig);
});
