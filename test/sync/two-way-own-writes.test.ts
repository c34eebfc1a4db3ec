import { expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const minute = 60_000;

/** What goes out meanwhile cannot be read back. */
async function unread(two: TwoWayRig, goesOut: () => Promise<unknown>): Promise<void> {
  const { url } = two.rig.emulator;
  await control(url, 'faults', [{ match: readings, status: 503, times: 99 }]);
  await goesOut();
  await control(url, 'faults', []);
}

const push = ({ rig: { context, signal } }: TwoWayRig, record: Record<string, unknown>) =>
  pushAll(context, recordsOf([record]), { signal });

const rules = (two: TwoWayRig, ...validationRules: object[]) =>
  control(two.rig.emulator.url, 'settings', { validationRules });

it('a person’s decision holds against what was found, though this tool had written before that', async () => {
  await using two = await twoWay('manual');
  const { outbox } = two.rig.context.mirror;
  const [id = ''] = two.ids;
  await unread(two, () => push(two, { Id: id, Title: 'Pushed' }));
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
  expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
  const keys = (await outbox.list({ states: ['conflict'] })).map(({ key }) => key);
  await outbox.move(keys, ['conflict'], 'pending', 0);
  expect((await two.cycle()).push).toMatchObject({ conflicts: 0, pushed: 1 });
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine' });
});

it.each(conflictPolicies)(
  'with %s, what came behind an edit is nothing that the org has made of a push before it',
  async (policy) => {
    await using two = await twoWay(policy);
    const { outbox } = two.rig.context.mirror;
    const [id = ''] = two.ids;
    await rules(two, { name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' });
    await push(two, { Id: id, Title: 'First', Department: 'Bad' });
    two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.states()).toEqual(['rejected', 'rejected']);
    await rules(two);
    const [first, edit] = (await outbox.list()).map(({ key }) => key) as [string, string];
    await unread(two, async () => {
      await outbox.move([first], ['rejected'], 'pending', 0);
      await push(two, { Id: id, Title: 'Last' });
    });
    expect(await two.states()).toEqual(['done', 'rejected', 'done']);
    // Both went out within the second that an org's times have.
    const [{ sentAt } = { sentAt: null }] = await outbox.list();
    const settledAt = new Date(sentAt! + minute).toISOString();
    two.sql('UPDATE outbox SET settled_at = ? WHERE key = ?', settledAt, first);
    await outbox.move([edit], ['rejected'], 'pending', 0);
    await two.cycle();
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Last"')]);
    expect(await two.states()).toEqual([
      ...['done', { 'salesforce-wins': 'dropped', 'local-wins': 'done', manual: 'conflict' }[policy]],
      'done',
    ]);
  },
);

it('an edit is based on the last that was done, where an earlier one was sent once more', async () => {
  await using two = await twoWay();
  const { outbox } = two.rig.context.mirror;
  const [id = '', other = ''] = two.ids;
  await rules(two, { name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' });
  await push(two, { Id: id, Title: 'First', Department: 'Bad' });
  await rules(two);
  const [{ key } = { key: '' }] = await outbox.list();
  await unread(two, async () => {
    await push(two, { Id: id, Title: 'Second' });
    await outbox.move([key], ['rejected'], 'pending', 0);
    await push(two, { Id: other, Title: 'Beside' });
  });
  expect(await two.states()).toEqual(['done', 'done', 'done']);
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.cycle();
  expect(await two.notes()).toEqual([]);
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine' });
});
