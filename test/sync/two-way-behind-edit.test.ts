import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const refuseBad = (two: TwoWayRig) =>
  control(two.rig.emulator.url, 'settings', {
    validationRules: [{ name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' }],
  });

describe.each(conflictPolicies)('with %s, a delete by SQL', (policy) => {
  it('behind an edit that has emptied a field and was not sent is no conflict with that', async () => {
    await using two = await twoWay(policy);
    const [id] = two.ids;
    await two.theirs('touch', { ids: [id], set: { Title: 'Before' } });
    two.rig.pass(180_000);
    await two.cycle();
    two.sql('UPDATE contacts SET Title = NULL WHERE Id = ?', id);
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await two.cycle();
    expect((await two.org()).has(id!)).toBe(false);
    expect(await two.states()).toEqual(['dropped', 'done']);
    expect(await two.notes()).toEqual([]);
  });

  it('behind a refused edit that was to empty a field is no conflict with that', async () => {
    await using two = await twoWay(policy);
    const [id] = two.ids;
    await two.theirs('touch', { ids: [id], set: { Title: 'Before' } });
    two.rig.pass(180_000);
    await two.cycle();
    await refuseBad(two);
    two.sql("UPDATE contacts SET Title = NULL, Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.states()).toEqual(['rejected']);
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await two.cycle();
    expect((await two.org()).has(id!)).toBe(false);
    expect(await two.states()).toEqual(['dropped', 'done']);
    expect(await two.notes()).toEqual([]);
  });
});

describe('a contact whose edit by SQL was refused, and that was pushed since,', () => {
  async function refusedAndPushed(two: TwoWayRig, how: 'read' | 'unread' | 'queued') {
    const { emulator, context, signal } = two.rig;
    const [id] = two.ids as [string];
    await refuseBad(two);
    two.sql("UPDATE contacts SET Title = 'First', Department = 'Bad' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.states()).toEqual(['rejected']);
    if (how === 'unread')
      await control(emulator.url, 'faults', [{ match: readings, status: 503, times: 99 }]);
    await pushAll(context, recordsOf([{ Id: id, Title: 'Pushed' }]), { signal, queue: how === 'queued' });
    await control(emulator.url, 'faults', []);
    return id;
  }

  const untilSent = async (two: TwoWayRig) => {
    for (let cycles = 0; cycles < 3; cycles++) await two.cycle();
  };

  it.each(['read', 'unread', 'queued'] as const)('takes the next edit of that field: %s', async (how) => {
    await using two = await twoWay();
    const id = await refusedAndPushed(two, how);
    two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Good' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine', Department: 'Good' });
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Mine', _state: 'synced' }]);
    expect(await two.notes()).toEqual([]);
  });

  it.each(['read', 'unread', 'queued'] as const)(
    'takes one of that field after one of another: %s',
    async (how) => {
      await using two = await twoWay();
      const id = await refusedAndPushed(two, how);
      two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", id);
      two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
      two.sql("UPDATE contacts SET Department = 'Better' WHERE Id = ?", id);
      await untilSent(two);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine', Department: 'Better' });
      expect(await two.notes()).toEqual([]);
    },
  );

  it('takes back to Salesforce what was there before the push', async () => {
    await using two = await twoWay();
    const before = (await two.org()).get(two.ids[0]!)?.Title;
    const id = await refusedAndPushed(two, 'read');
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', before, id);
    await untilSent(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed' });
    two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: before, Department: 'Good' });
  });

  it.each(['read', 'unread', 'queued'] as const)('is deleted by a delete: %s', async (how) => {
    await using two = await twoWay();
    const id = await refusedAndPushed(two, how);
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await untilSent(two);
    expect((await two.org()).has(id)).toBe(false);
    expect(await two.notes()).toEqual([]);
  });

  it.each(['read', 'unread', 'queued'] as const)(
    'keeps what was pushed where the next edit is of another field: %s',
    async (how) => {
      await using two = await twoWay();
      const id = await refusedAndPushed(two, how);
      two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", id);
      await untilSent(two);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed', Department: 'Good' });
      expect(await two.notes()).toMatchObject([expect.stringContaining('"First" from here is dropped')]);
    },
  );

  it('keeps what was pushed where the refused edit is refused once more before the push is sent', async () => {
    await using two = await twoWay();
    const { outbox } = two.rig.context.mirror;
    const id = await refusedAndPushed(two, 'queued');
    two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", id);
    const [refused] = await outbox.list();
    await outbox.move([refused!.key], ['rejected'], 'pending', 0);
    await untilSent(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed', Department: 'Good' });
    expect(await two.notes()).toMatchObject([expect.stringContaining('"First" from here is dropped')]);
  });

  it('is in conflict with what a user has changed since', async () => {
    await using two = await twoWay();
    const id = await refusedAndPushed(two, 'read');
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Good' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs', Department: 'Good' });
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Mine" from here is dropped')]);
  });

  it.each(['read', 'unread', 'queued'] as const)(
    'takes the next edit of that field where the org has rewritten what was pushed: %s',
    async (how) => {
      await using two = await twoWay();
      await control(two.rig.emulator.url, 'settings', { saveTriggers: [{ field: 'Title', upper: true }] });
      const id = await refusedAndPushed(two, how);
      two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Good' WHERE Id = ?", id);
      await untilSent(two);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'MINE', Department: 'Good' });
      expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'MINE', _state: 'synced' }]);
      expect(await two.notes()).toEqual([]);
    },
  );

  it('is in conflict with what a user has made of it since, where the org has rewritten what was pushed', async () => {
    await using two = await twoWay();
    await control(two.rig.emulator.url, 'settings', { saveTriggers: [{ field: 'Title', upper: true }] });
    const id = await refusedAndPushed(two, 'read');
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    two.sql("UPDATE contacts SET Title = 'Mine', Department = 'Good' WHERE Id = ?", id);
    await untilSent(two);
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Mine" from here is dropped')]);
  });
});
