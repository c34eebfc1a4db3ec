import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { calls, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { asked as askedFor } from './reconcile-rig.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const hidden = 240;

/** Written to 240 of 250 contacts, and not read back yet; then sharing hides these. */
async function writtenAndHidden(two: TwoWayRig, by: 'sql' | 'push'): Promise<string[]> {
  const { context, emulator, signal } = two.rig;
  const ids = two.ids.slice(0, hidden);
  const outbox = context.mirror.outbox;
  if (by === 'sql') {
    two.sql(
      "UPDATE contacts SET Title = 'Ours' WHERE Id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
    await two.cycle();
  } else {
    const records = recordsOf(ids.map((Id) => ({ Id, Title: 'Ours' })));
    await pushAll(context, records, { signal, queue: true });
  }
  const held = (await outbox.list({ states: ['held'] })).map(({ key }) => key);
  await outbox.move(held, ['held'], 'pending', context.clock.now());
  // What compares edits with Salesforce reads before them.
  const skip = by === 'sql' ? 2 : 0;
  await control(emulator.url, 'faults', [{ match: readings, skip, status: 503, times: 99 }]);
  await two.cycle();
  await control(emulator.url, 'faults', []);
  expect((await outbox.counts()).done).toBe(hidden);
  await show(two, ids, false);
  return ids;
}

const show = (two: TwoWayRig, ids: readonly string[], isShown: boolean) =>
  control(two.rig.emulator.url, 'visibility', { ids, hidden: !isShown });

const unread = async ({ rig }: TwoWayRig) =>
  (await rig.context.mirror.outbox.list()).filter(({ readBackDue }) => readBackDue).length;

/** How often Salesforce was asked what became of contacts that it does not show. */
const asked = async ({ rig }: TwoWayRig) =>
  (await calls(rig.emulator.url)).filter(({ path }) => path.includes('/queryAll')).length;

const titles = (two: TwoWayRig, ids: readonly string[]) => [
  ...new Set(
    two
      .rows('Id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
      .map(({ Title, _state }) => `${Title} ${_state}`),
  ),
];

describe('a read-back that finds very many contacts not shown', () => {
  it('goes on showing what was written to them, and reads them once they are shown', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const ids = await writtenAndHidden(two, 'sql');
    await two.cycle();
    expect(await unread(two)).toBe(hidden);
    expect(titles(two, ids)).toEqual(['Ours synced']);
    expect((await two.rig.context.mirror.contacts.counts()).contacts).toBe(250);
    await show(two, ids, true);
    two.rig.pass(3_600_000);
    await two.cycle();
    expect(await unread(two)).toBe(0);
    expect(titles(two, ids)).toEqual(['Ours synced']);
  });

  it.each(conflictPolicies)('lets the next edit of one be no conflict with our own (%s)', async (policy) => {
    await using two = await twoWay(policy, 250);
    const ids = await writtenAndHidden(two, 'sql');
    await two.cycle();
    two.sql("UPDATE contacts SET Title = 'Newer' WHERE Id = ?", ids[0]);
    await show(two, ids, true);
    await two.cycle();
    expect((await two.org()).get(ids[0]!)).toMatchObject({ Title: 'Newer' });
    expect(two.rows('Id = ?', ids[0])).toMatchObject([{ Title: 'Newer', _state: 'synced' }]);
    expect(await two.notes()).toEqual([]);
  });

  it('lets an edit behind a push of one be no conflict with that', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const ids = await writtenAndHidden(two, 'push');
    await two.cycle();
    expect(await unread(two)).toBe(hidden);
    two.sql("UPDATE contacts SET Title = 'Newer' WHERE Id = ?", ids[0]);
    await show(two, ids, true);
    await two.cycle();
    expect((await two.org()).get(ids[0]!)).toMatchObject({ Title: 'Newer' });
    expect(await two.notes()).toEqual([]);
  });

  it('asks for them again an hour later, and keeps nothing else from being read back', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const ids = await writtenAndHidden(two, 'push');
    await two.cycle();
    const before = await asked(two);
    for (let i = 0; i < 5; i++) await two.cycle();
    expect(await asked(two)).toBe(before);
    const other = two.ids.at(-1)!;
    await pushAll(two.rig.context, recordsOf([{ Id: other, Title: 'Other' }]), { signal: two.rig.signal });
    expect(two.rows('Id = ?', other)).toMatchObject([{ Title: 'Other', _state: 'synced' }]);
    expect(await asked(two)).toBe(before);
    two.rig.pass(3_600_000);
    for (let i = 0; i < 5; i++) await two.cycle();
    expect(await asked(two)).toBe(before + 1);
    expect(await unread(two)).toBe(ids.length);
  });

  it('buries none of them because it is asked for alone', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const ids = await writtenAndHidden(two, 'sql');
    await two.cycle();
    two.sql("UPDATE contacts SET Title = 'Newer' WHERE Id = ?", ids[0]);
    await two.cycle();
    expect(two.rows('Id = ?', ids[0])).toMatchObject([{ Title: 'Ours', _state: 'synced' }]);
    expect((await two.rig.context.mirror.contacts.states(ids.slice(0, 1))).get(ids[0]!)?.gone).toBeNull();
    expect(await unread(two)).toBe(hidden);
  });

  it('reads at once what was read by others, and takes the word of who lifts the brake', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const { context } = two.rig;
    const ids = await writtenAndHidden(two, 'sql');
    await two.cycle();
    await show(two, ids.slice(0, 1), true);
    await two.theirs('touch', { ids: ids.slice(0, 1), set: { Title: 'Theirs' } });
    await two.cycle();
    expect(two.rows('Id = ?', ids[0])).toMatchObject([{ Title: 'Theirs', _state: 'synced' }]);
    expect(await unread(two)).toBe(hidden - 1);
    expect(await reconcile(context, askedFor(two.rig))).toMatchObject({ held: hidden - 1, error: null });
    await two.cycle();
    expect(await unread(two)).toBe(hidden - 1);
    expect(await reconcile(context, askedFor(two.rig, { force: true }))).toMatchObject({
      held: 0,
      error: null,
    });
    await two.cycle();
    expect(await unread(two)).toBe(0);
    expect(titles(two, ids)).toEqual(['Theirs synced']);
  });

  it('takes the word of Salesforce that they were deleted', async () => {
    await using two = await twoWay('salesforce-wins', 250);
    const ids = await writtenAndHidden(two, 'push');
    await two.cycle();
    await show(two, ids, true);
    await two.theirs('delete', { ids });
    two.rig.pass(120_000);
    await two.cycle();
    expect(await unread(two)).toBe(0);
    expect(titles(two, ids)).toEqual([]);
  });
});
