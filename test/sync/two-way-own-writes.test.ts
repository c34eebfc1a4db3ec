import { expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { control } from '../e2e/org.ts';
import { minute, noBad, push, rules, unread } from './two-way-acts.ts';
import { readings, twoWay } from './two-way-rig.ts';

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
    await rules(two, noBad);
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
  await rules(two, noBad);
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

it('what was pushed behind an edit is nothing that the org has made of a creation before it', async () => {
  await using two = await twoWay();
  const { url } = two.rig.emulator;
  await control(url, 'faults', [{ match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' }]);
  two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'one')");
  await two.cycle();
  expect(await two.states()).toEqual(['in-doubt']);
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE _key = 'k'");
  const [id = ''] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
  two.rig.pass(20_000);
  await push(two, { Id: id, Title: 'Pushed' });
  await control(url, 'faults', []);
  for (let n = 0; n < 3; n++) {
    two.rig.pass(20_000);
    await two.cycle();
  }
  expect(await two.notes()).toMatchObject([expect.stringContaining('"Mine" from here is dropped')]);
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed' });
});

it.each([20_000, 2_000])(
  'what was pushed behind an edit and given up stays, where that edit is joined with a later one: %d ms later',
  async (laterMs) => {
    await using two = await twoWay();
    const { emulator, context, signal } = two.rig;
    const { outbox } = context.mirror;
    const unmade = { match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' };
    await control(emulator.url, 'faults', [unmade]);
    two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'one')");
    await two.cycle();
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE _key = 'k'");
    const [id = ''] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
    await control(emulator.url, 'faults', [
      unmade,
      { match: 'PATCH .*/composite/sobjects$', reset: 'after-commit' },
      { match: readings, status: 503, times: 99 },
    ]);
    two.rig.pass(laterMs);
    await push(two, { Id: id, Title: 'Pushed' });
    const pushed = (await outbox.list({ states: ['in-doubt'] })).at(-1);
    expect(pushed).toMatchObject({ op: 'update', local: false });
    await outbox.move([pushed!.key], ['in-doubt'], 'dropped', context.clock.now());
    await control(emulator.url, 'faults', [unmade]);
    two.rig.pass(2_000);
    await runCycle(context, { push: false, signal });
    two.sql("UPDATE contacts SET Department = 'D' WHERE Id = ?", id);
    await control(emulator.url, 'faults', []);
    for (let n = 0; n < 2; n++) {
      two.rig.pass(3 * minute);
      await two.cycle();
    }
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Mine" from here is dropped')]);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed', Department: 'D' });
  },
);

it('what a given-up push was to write is a user’s where another was pushed since, also for an edit of before', async () => {
  await using two = await twoWay('manual');
  const { emulator, context } = two.rig;
  const { outbox } = context.mirror;
  const [id = ''] = two.ids;
  await rules(two, noBad);
  two.sql("UPDATE contacts SET Title = 'First', Department = 'Bad' WHERE Id = ?", id);
  await two.cycle();
  await control(emulator.url, 'faults', [
    { match: 'PATCH .*/composite/sobjects$', status: 503 },
    { match: readings, status: 503, times: 99 },
  ]);
  await push(two, { Id: id, Title: 'One' });
  await control(emulator.url, 'faults', []);
  const [lost] = await outbox.list({ states: ['in-doubt'] });
  await outbox.move([lost!.key], ['in-doubt'], 'dropped', context.clock.now());
  await push(two, { Id: id, Title: 'Two' });
  two.rig.pass(3 * minute);
  for (let cycles = 0; cycles < 2; cycles++) await two.cycle();
  expect(await two.states()).toEqual(['rejected', 'dropped', 'done']);
  two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Good' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'One' } });
  await two.cycle();
  expect(await two.states()).toEqual(['conflict', 'dropped', 'done']);
});
