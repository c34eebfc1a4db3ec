import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { readBack } from '../../src/sync/push/read-back/read-back.ts';
import { RunRecorder } from '../../src/sync/run-recorder.ts';
import { control } from '../e2e/org.ts';
import {
  addNick,
  cycleWithoutNick,
  doubtfulCreation,
  giveUp,
  minute,
  noBad,
  push,
  rules,
  settled,
  takeUp,
  unanswered,
  unread,
} from './two-way-acts.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const key = 'ParaHack_Id__c';

describe.each(conflictPolicies)('with %s, a field that was parted from its edit', (policy) => {
  it('goes over no later push that was given up', async () => {
    await using two = await twoWay(policy);
    await addNick(two);
    const { outbox } = two.rig.context.mirror;
    const [id = '', other = ''] = two.ids;
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'T' WHERE Id = ?", id);
    await push(two, { Id: id, Nick__c: 'Pushed' }, { queue: true });
    await cycleWithoutNick(two);
    const pushed = (await outbox.list()).find(({ local }) => !local);
    await outbox.move([pushed!.key], ['rejected'], 'pending', 0);
    await unanswered(two, { reset: 'after-commit' }, () => push(two, { Id: other, Title: 'Beside' }));
    expect(await giveUp(two)).toBe(pushed!.key);
    expect((await two.org()).get(id)).toMatchObject({ Nick__c: 'Pushed' });
    await takeUp(two, 'rejected');
    await settled(two);
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Pushed"')]);
  });

  it('is based on the push before that edit', async () => {
    await using two = await twoWay(policy);
    await addNick(two);
    const [id = ''] = two.ids;
    await unread(two, () => push(two, { Id: id, Nick__c: 'Pushed' }));
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'T' WHERE Id = ?", id);
    await cycleWithoutNick(two);
    await takeUp(two, 'rejected');
    await two.cycle();
    expect(await two.notes()).toEqual([]);
    expect((await two.org()).get(id)).toMatchObject({ Nick__c: 'N' });
  });

  it('is sent where it is set back after a later push', async () => {
    await using two = await twoWay(policy);
    await addNick(two);
    const [id = ''] = two.ids;
    two.sql("UPDATE contacts SET Nick__c = 'old' WHERE Id = ?", id);
    await two.cycle();
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'T' WHERE Id = ?", id);
    await cycleWithoutNick(two);
    await push(two, { Id: id, Nick__c: 'Pushed' });
    two.sql("UPDATE contacts SET Nick__c = 'old' WHERE Id = ?", id);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Nick__c: 'old' });
  });
});

it.each(["UPDATE contacts SET Title = 'Mine' WHERE Id = ?", 'DELETE FROM contacts WHERE Id = ?'])(
  'a decision does not hold for what a lost push once carried: %s',
  async (statement) => {
    await using two = await twoWay('manual');
    const [id = ''] = two.ids;
    await unanswered(two, { status: 503 }, () => push(two, { Id: id, Title: 'One' }));
    await giveUp(two);
    await settled(two);
    two.rig.pass(3 * minute);
    await two.theirs('touch', { ids: [id], set: { Department: 'Read anew' } });
    two.rig.pass(3 * minute);
    await two.cycle();
    two.sql(statement, id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    await settled(two);
    expect(await two.states()).toEqual(['dropped', 'conflict']);
    await two.theirs('touch', { ids: [id], set: { Title: 'One' } });
    await takeUp(two, 'conflict');
    await two.cycle();
    expect(await two.states()).toEqual(['dropped', 'conflict']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'One' });
  },
);

it.each(conflictPolicies)('with %s, what has not gone out by a person’s word is a user’s', async (policy) => {
  await using two = await twoWay(policy);
  const { outbox } = two.rig.context.mirror;
  const [id = '', other = ''] = two.ids;
  await unanswered(two, { status: 503 }, () => push(two, { Id: id, Title: 'One' }));
  const [lost] = await outbox.list({ states: ['in-doubt'] });
  await outbox.noteLost([{ key: lost!.key, over: null }]);
  await giveUp(two);
  await settled(two);
  await push(two, { Id: other, Title: 'Beside' });
  two.rig.pass(24 * 60 * minute);
  await two.theirs('touch', { ids: [id], set: { Department: 'Read anew' } });
  two.rig.pass(3 * minute);
  await two.cycle();
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'One' } });
  await two.cycle();
  expect(await two.notes()).toMatchObject([expect.stringContaining('"One"')]);
});

describe('an edit in conflict that a refused edit joins', () => {
  const joined = async (two: Awaited<ReturnType<typeof twoWay>>) => {
    const [id = '', other = ''] = two.ids;
    const [{ ParaHack_Id__c: externalId } = {}] = two.rows('Id = ?', other);
    await rules(two, noBad);
    two.sql("UPDATE contacts SET Title = 'A', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    await push(
      two,
      { ParaHack_Id__c: externalId, Title: 'U' },
      { queue: true, upsertField: 'ParaHack_Id__c' },
    );
    two.sql("UPDATE contacts SET Title = 'B' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    // The upsert waits for one more cycle, so that the join comes behind the conflict.
    await control(two.rig.emulator.url, 'faults', [{ match: 'PATCH .*', status: 503 }]);
    await two.cycle();
    await control(two.rig.emulator.url, 'faults', []);
    await settled(two);
    await rules(two);
    expect(await two.notes()).toHaveLength(1);
    expect(await two.states()).toEqual(['dropped', 'done', 'conflict']);
    return id;
  };

  it('goes out by a person’s one decision', async () => {
    await using two = await twoWay('manual');
    const id = await joined(two);
    await takeUp(two, 'conflict');
    await settled(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'B' });
  });

  it('is in conflict again where Salesforce has changed since', async () => {
    await using two = await twoWay('manual');
    const [{ Title: old } = {}] = two.rows('Id = ?', two.ids[0]);
    const id = await joined(two);
    await two.theirs('touch', { ids: [id], set: { Title: old } });
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.notes()).toHaveLength(2);
    expect((await two.org()).get(id)).toMatchObject({ Title: old });
  });
});

describe('a field that is set back goes out', () => {
  it('where a push of it was given up', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    const [{ Title: old } = {}] = two.rows('Id = ?', id);
    await rules(two, noBad);
    two.sql("UPDATE contacts SET Title = 'First', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    await unanswered(two, { reset: 'after-commit' }, () => push(two, { Id: id, Title: 'Pushed' }));
    await giveUp(two);
    two.sql("UPDATE contacts SET Title = ?, Department = 'Good' WHERE Id = ?", old, id);
    await settled(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: old, Department: 'Good' });
  });

  it('where an edit of it was given up', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    const [{ Title: old } = {}] = two.rows('Id = ?', id);
    two.sql("UPDATE contacts SET Title = 'X' WHERE Id = ?", id);
    await unanswered(two, { reset: 'after-commit' }, () => two.cycle(), 1);
    two.sql("UPDATE contacts SET Title = 'Y', Department = 'D' WHERE Id = ?", id);
    await giveUp(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'X' });
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', old, id);
    await settled(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: old, Department: 'D' });
  });
});

describe.each(conflictPolicies)('with %s, where two rows become one', (policy) => {
  it('an edit is not joined with one behind a push', async () => {
    await using two = await twoWay(policy);
    const id = await doubtfulCreation(two);
    two.sql("UPDATE contacts SET Title = 'K' WHERE _key = 'k'");
    await push(two, { Id: id, Title: 'Pushed' }, { queue: true });
    two.sql("UPDATE contacts SET Department = 'D' WHERE Id = ?", id);
    await control(two.rig.emulator.url, 'faults', []);
    await settled(two);
    expect(await two.notes()).toEqual([]);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed', Department: 'D' });
  });

  it('an edit is not joined with one behind an upsert', async () => {
    await using two = await twoWay(policy);
    const id = await doubtfulCreation(two, 'X9');
    two.sql("UPDATE contacts SET Title = 'K' WHERE _key = 'k'");
    await push(two, { ParaHack_Id__c: 'X9', Title: 'U' }, { queue: true, upsertField: 'ParaHack_Id__c' });
    two.sql("UPDATE contacts SET Department = 'D' WHERE Id = ?", id);
    await control(two.rig.emulator.url, 'faults', []);
    await settled(two);
    expect(await two.notes()).toEqual([]);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'U', Department: 'D' });
  });

  it('a delete knows of the push between it and one before', async () => {
    await using two = await twoWay(policy);
    const id = await doubtfulCreation(two);
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await push(two, { Id: id, Title: 'Pushed' }, { queue: true });
    two.sql("DELETE FROM contacts WHERE _key = 'k'");
    await control(two.rig.emulator.url, 'faults', []);
    await settled(two);
    expect(await two.notes()).toEqual([]);
    expect(two.rows('Id = ?', id)).toEqual([]);
  });
});

describe.each(conflictPolicies)('with %s, behind an upsert that was carried out and given up', (policy) => {
  const nameOf = async (two: TwoWayRig, id: string) => ({ [key]: (await two.org()).get(id)?.[key] });

  it('a field that is set back is sent', async () => {
    await using two = await twoWay(policy);
    const [id = ''] = two.ids;
    const old = (await two.org()).get(id)?.Title;
    await rules(two, noBad);
    two.sql("UPDATE contacts SET Title = 'First', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    const upsert = { ...(await nameOf(two, id)), Title: 'Pushed' };
    await unanswered(two, { reset: 'after-commit' }, () => push(two, upsert, { upsertField: key }));
    expect(await giveUp(two)).not.toBe('');
    two.sql("UPDATE contacts SET Title = ?, Department = 'Good' WHERE Id = ?", old, id);
    await settled(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: old, Department: 'Good' });
  });

  it('a refused edit is in conflict with what that wrote, where a push before was not read back', async () => {
    await using two = await twoWay(policy);
    const { context } = two.rig;
    const [id = '', other] = two.ids;
    await rules(two, noBad, { name: 'NoFirst', condition: "Title = 'First'", message: 'No first.' });
    await push(two, { Id: id, Title: 'First' });
    two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    await rules(two, noBad);
    const [first] = await context.mirror.outbox.list();
    await unread(two, async () => {
      await context.mirror.outbox.move([first!.key], ['rejected'], 'pending', context.clock.now());
      await push(two, { Id: other, Department: 'Beside' });
    });
    const upsert = { ...(await nameOf(two, id)), Title: 'Last' };
    await unanswered(two, { reset: 'after-commit' }, () => push(two, upsert, { upsertField: key }));
    expect(await giveUp(two)).not.toBe('');
    await two.cycle();
    await settled(two);
    await rules(two);
    await takeUp(two, 'rejected');
    await settled(two);
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Last"')]);
  });
});

it('what a push under way has written is nothing that the org has made of one before it', async () => {
  await using two = await twoWay();
  const { context, signal } = two.rig;
  const { outbox } = context.mirror;
  const [id = ''] = two.ids;
  await rules(two, noBad);
  await push(two, { Id: id, Title: 'First', Department: 'Bad' });
  two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Bad' WHERE Id = ?", id);
  await two.cycle();
  await rules(two);
  const [first, edit] = (await outbox.list()).map(({ key }) => key) as [string, string];
  await outbox.move([first], ['rejected'], 'pending', 0);
  await unanswered(two, { reset: 'after-commit', skip: 1 }, () => push(two, { Id: id, Title: 'Last' }));
  expect(await two.states()).toEqual(['done', 'rejected', 'in-doubt']);
  // As it is while its request is under way.
  two.sql(
    "UPDATE outbox SET state = 'sent', lost_changes = NULL, lost_org_at = NULL WHERE state = 'in-doubt'",
  );
  await readBack(context, { run: await RunRecorder.start(context, 'push', {}), signal });
  await two.cycle();
  expect(await two.states()).toEqual(['done', 'rejected', 'done']);
  await outbox.move([edit], ['rejected'], 'pending', 0);
  await settled(two);
  expect(await two.notes()).toMatchObject([expect.stringContaining('"Last"')]);
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Last' });
});
