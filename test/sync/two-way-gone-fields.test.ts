import { describe, expect, it } from 'vitest';
import { refreshSchema } from '../../src/sync/schema.ts';
import { calls, control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const settings = ({ rig }: TwoWayRig, change: object) => control(rig.emulator.url, 'settings', change);
const describeAnew = ({ rig: { context, signal } }: TwoWayRig) =>
  refreshSchema(context, { force: true, signal });

/** Entries with what they are to change, in their order. */
const told = async ({ rig }: TwoWayRig) =>
  (await rig.context.mirror.outbox.list()).map(({ state, op, changes, errors }) => ({
    state,
    op,
    changes,
    names: errors.flatMap(({ fields }) => fields),
  }));

async function openWithField(): Promise<TwoWayRig & { first: string }> {
  const two = await twoWay('manual');
  await settings(two, { addFields: [{ name: 'Nick__c', type: 'string' }] });
  await describeAnew(two);
  two.rig.pass(120_000);
  await two.cycle();
  return { ...two, first: two.ids[0] as string };
}

const retry = async ({ rig }: TwoWayRig) => {
  const { outbox } = rig.context.mirror;
  const keys = (await outbox.list({ states: ['rejected'] })).map(({ key }) => key);
  return outbox.move(keys, ['rejected'], 'pending', 0);
};

describe('a field that goes while an edit of it waits', () => {
  it('keeps nothing else of the edit back, and is refused by name until it is back', async () => {
    await using two = await openWithField();
    const { first } = two;
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'T' WHERE Id = ?", first);
    two.sql("INSERT INTO contacts (_key, LastName, Nick__c) VALUES ('k', 'A', 'K')");
    two.sql("UPDATE contacts SET Nick__c = 'O' WHERE Id = ?", two.ids[1]);
    await settings(two, { removeFields: ['Nick__c'] });
    await describeAnew(two);
    const { push, outbox } = await two.cycle();
    expect(push).toMatchObject({ pushed: 2, rejected: 3, conflicts: 0, unsent: 0, error: null });
    expect(outbox).toMatchObject({ rejected: 3 });
    expect((await two.org()).get(first)).toMatchObject({ Title: 'T' });
    const [made] = two.rows("_key = 'k'");
    expect((await two.org()).get(String(made!.Id))).toMatchObject({ LastName: 'A' });
    const entries = await told(two);
    const byValue = entries.splice(3).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    expect([...entries, ...byValue]).toEqual([
      { state: 'done', op: 'update', changes: { Title: 'T' }, names: [] },
      { state: 'done', op: 'create', changes: { LastName: 'A' }, names: [] },
      { state: 'rejected', op: 'update', changes: { Nick__c: 'O' }, names: ['Nick__c'] },
      // The requests go side by side.
      ...['K', 'N'].map((value) => ({
        state: 'rejected',
        op: 'update',
        changes: { Nick__c: value },
        names: ['Nick__c'],
      })),
    ]);
    expect(two.rows('Id = ?', first)).toMatchObject([
      { _state: 'rejected', _error: expect.stringMatching(/^INVALID_FIELD: .*Nick__c/) },
    ]);
    // Sent again, it says the same.
    const wrote = async () => (await calls(two.rig.emulator.url)).filter(({ method }) => method === 'PATCH');
    const before = (await wrote()).length;
    expect(await retry(two)).toHaveLength(3);
    expect((await two.cycle()).push).toMatchObject({ pushed: 0, rejected: 3 });
    expect((await told(two)).filter(({ state }) => state === 'rejected')).toHaveLength(3);
    expect(await wrote()).toHaveLength(before);
    // A later edit goes, and gives up what nobody can write.
    two.sql("UPDATE contacts SET Title = 'U' WHERE Id = ?", first);
    await two.cycle();
    expect((await two.org()).get(first)).toMatchObject({ Title: 'U' });
    expect(two.rows('Id = ?', first)).toMatchObject([{ Title: 'U', _state: 'synced', _error: null }]);
    expect((await told(two)).filter(({ state }) => state === 'dropped')).toEqual([
      { state: 'dropped', op: 'update', changes: { Nick__c: 'N' }, names: ['Nick__c'] },
    ]);
    // It is back: what was refused goes.
    await settings(two, { addFields: [{ name: 'Nick__c', type: 'string' }] });
    expect(await retry(two)).toHaveLength(2);
    await two.cycle();
    expect((await two.org()).get(String(made!.Id))).toMatchObject({ Nick__c: 'K' });
    expect((await two.org()).get(two.ids[1]!)).toMatchObject({ Nick__c: 'O' });
  });

  it('is found out also where the mirror has not heard of it yet', async () => {
    await using two = await openWithField();
    two.sql("INSERT INTO contacts (_key, LastName, Nick__c) VALUES ('k', 'A', 'K')");
    await settings(two, { removeFields: ['Nick__c'] });
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, rejected: 1, unsent: 0 });
    expect(two.rows("_key = 'k'")).toMatchObject([
      { Id: expect.any(String), _state: 'rejected', _error: expect.stringMatching(/Nick__c/) },
    ]);
    two.sql("UPDATE contacts SET Title = 'V' WHERE _key = 'k'");
    await two.cycle();
    const [made] = two.rows("_key = 'k'");
    expect(made).toMatchObject({ _state: 'synced', Title: 'V' });
    expect((await told(two)).filter(({ state }) => state === 'dropped')).toEqual([
      { state: 'dropped', op: 'update', changes: { Nick__c: 'K' }, names: ['Nick__c'] },
    ]);
  });

  it('may be hidden from the user alone', async () => {
    await using two = await openWithField();
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'T' WHERE Id = ?", two.first);
    await settings(two, { hiddenFields: ['Nick__c'] });
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, rejected: 1 });
    expect((await two.cycle()).push).toMatchObject({ pushed: 0, rejected: 0 });
    expect((await two.org()).get(two.first)).toMatchObject({ Title: 'T' });
    await settings(two, { hiddenFields: [] });
    expect(await retry(two)).toHaveLength(1);
    await two.cycle();
    expect((await two.org()).get(two.first)).toMatchObject({ Nick__c: 'N' });
    expect(two.rows('Id = ?', two.first)).toMatchObject([{ _state: 'synced' }]);
  });

  it('is told with the reason of what else was refused of the contact', async () => {
    await using two = await openWithField();
    await settings(two, {
      removeFields: ['Nick__c'],
      validationRules: [{ name: 'NoBad', condition: "Title = 'bad'", message: 'No bad titles.' }],
    });
    two.sql("INSERT INTO contacts (_key, LastName, Nick__c, Title) VALUES ('k', 'A', 'K', 'bad')");
    two.sql("UPDATE contacts SET Nick__c = 'N', Title = 'bad' WHERE Id = ?", two.first);
    await describeAnew(two);
    // What was refused of one contact is one.
    const { push, outbox } = await two.cycle();
    expect([push, outbox]).toMatchObject([{ pushed: 0, rejected: 2 }, { rejected: 2 }]);
    expect(two.rows("_key = 'k'")).toMatchObject([
      { _state: 'rejected', _error: expect.stringContaining('No bad titles.') },
    ]);
    const open = (await told(two)).filter(({ state }) => state !== 'dropped');
    expect(open).toMatchObject([
      { state: 'rejected', op: 'create', changes: { LastName: 'A', Title: 'bad', Nick__c: 'K' } },
      { state: 'rejected', op: 'update', changes: { Title: 'bad', Nick__c: 'N' } },
    ]);
    expect(open[0]!.names).toContain('Nick__c');
    two.sql("UPDATE contacts SET Title = 'good' WHERE _key = 'k'");
    await two.cycle();
    const [made] = two.rows("_key = 'k'");
    expect(made).toMatchObject({ Title: 'good', _state: 'synced' });
    expect((await two.org()).size).toBe(5);
  });
});

describe('a field that can only be changed when the contact is made', () => {
  it('goes behind the creation, where an edit of it has come into that', async () => {
    await using two = await openWithField();
    const { context } = two.rig;
    await settings(two, {
      validationRules: [{ name: 'NoBad', condition: "Title = 'bad'", message: 'No bad titles.' }],
    });
    // As describe tells it of some fields.
    const { records } = context;
    const { describe: ask } = records;
    records.describe = async (options) => {
      const answer = await ask.call(records, options);
      if (answer === 'not-modified') return answer;
      const fields = answer.fields.map((one) =>
        one.name === 'Nick__c' ? { ...one, createable: false } : one,
      );
      return { ...answer, fields };
    };
    await describeAnew(two);
    two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'A', 'bad')");
    const { outbox } = context.mirror;
    const [{ key } = { key: '' }] = await outbox.list({ states: ['pending'] });
    const { clock, userId } = context.remote;
    await outbox.markSent([key], 'ui-api', context.clock.now(), clock.now(), userId);
    two.sql("UPDATE contacts SET Nick__c = 'K' WHERE _key = 'k'");
    await two.cycle();
    // Its first request may still be carried out, until Salesforce covers that time.
    for (let n = 0; n < 2; n++) {
      two.rig.pass(180_000);
      await two.cycle();
    }
    expect(two.rows("_key = 'k'")).toMatchObject([{ _state: 'rejected' }]);
    two.sql("UPDATE contacts SET Title = 'good' WHERE _key = 'k'");
    await two.cycle();
    const [made] = two.rows("_key = 'k'");
    expect(made).toMatchObject({ _state: 'synced', Nick__c: 'K', Title: 'good' });
    expect((await two.org()).get(String(made!.Id))).toMatchObject({ Nick__c: 'K', Title: 'good' });
    expect((await told(two)).map(({ state, op, changes }) => [state, op, changes])).toEqual([
      ['dropped', 'create', { LastName: 'A', Title: 'bad' }],
      ['dropped', 'create', { LastName: 'A', Title: 'bad' }],
      ['done', 'create', { LastName: 'A', Title: 'good' }],
      ['done', 'update', { Nick__c: 'K' }],
    ]);
  });
});
