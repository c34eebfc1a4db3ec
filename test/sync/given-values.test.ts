import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const extId = 'ParaHack_Id__c';

/** Waits in the outbox. */
const queue = ({ rig }: TwoWayRig, records: Record<string, unknown>[], upsertField: string | null = null) =>
  pushAll(rig.context, recordsOf(records), { signal: rig.signal, upsertField, queue: true });

/** An upsert of another contact, which an edit by SQL does not go over. */
const between = (two: TwoWayRig, many = 1) =>
  queue(
    two,
    Array.from({ length: many }, (_, i) => ({ [extId]: `Between-${i}`, LastName: 'Between' })),
    extId,
  );

const upsert = (two: TwoWayRig, value: string, more: object = {}) =>
  queue(two, [{ [extId]: value, LastName: 'Last', Title: 'Last', ...more }], extId);

/** Until Salesforce has said that what got no answer is over. */
async function later(two: TwoWayRig): Promise<void> {
  for (let i = 0; i < 4; i++) {
    two.rig.pass(180_000);
    await two.cycle();
  }
}

const withExtId = async (two: TwoWayRig, value: string) =>
  [...(await two.org()).values()].filter((row) => String(row[extId]).toLowerCase() === value.toLowerCase());

describe('an upsert by a value that an entry before it gives to a contact', () => {
  it.each(conflictPolicies)('comes behind the edits of that contact before it (%s)', async (policy) => {
    await using two = await twoWay(policy);
    const [a] = two.ids;
    two.sql(`UPDATE contacts SET ${extId} = 'New-9', Title = 'First' WHERE Id = ?`, a);
    await between(two);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", a);
    await upsert(two, 'nEW-9');
    await two.cycle();
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Last', LastName: 'Last' });
    expect(await withExtId(two, 'New-9')).toHaveLength(1);
    expect(await two.states()).toEqual(['done', 'done', 'done', 'done']);
    expect(await two.notes()).toEqual([]);
  });

  it('comes behind pushes of that contact', async () => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    await control(two.rig.emulator.url, 'faults', [
      { match: 'PATCH .*/composite/sobjects$', skip: 1, status: 500, times: 99 },
    ]);
    await queue(two, [{ Id: a, [extId]: 'New-9', Title: 'First' }]);
    await queue(two, [{ Id: a, Title: 'Second' }]);
    await upsert(two, 'New-9');
    await two.cycle();
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'First' });
    await control(two.rig.emulator.url, 'faults', []);
    await later(two);
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Last' });
    expect(await withExtId(two, 'New-9')).toHaveLength(1);
  });

  it('comes behind the edits of a contact that is yet to be made', async () => {
    await using two = await twoWay('manual');
    two.sql(`INSERT INTO contacts (_key, LastName, ${extId}) VALUES ('k', 'First', 'New-9')`);
    await between(two);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE _key = 'k'");
    await upsert(two, 'New-9');
    await two.cycle();
    expect(await withExtId(two, 'New-9')).toMatchObject([{ Title: 'Last', LastName: 'Last' }]);
  });

  it('comes behind them over more than one page of the outbox', async () => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    two.sql(`UPDATE contacts SET ${extId} = 'New-9', Title = 'First' WHERE Id = ?`, a);
    await between(two, 1_100);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", a);
    await upsert(two, 'New-9');
    await two.cycle();
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Last' });
  });

  it('comes behind them where that one is done and not read back yet', async () => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    const { context, emulator, signal } = two.rig;
    await control(emulator.url, 'faults', [{ match: readings, status: 503, times: 99 }]);
    await pushAll(context, recordsOf([{ Id: a, [extId]: 'New-9' }]), { signal });
    await control(emulator.url, 'faults', [
      { match: readings, status: 503, times: 99 },
      { match: 'PATCH .*/composite/sobjects$', status: 500, times: 99 },
    ]);
    await queue(two, [{ Id: a, Title: 'Second' }]);
    await queue(two, [{ Id: a, Title: 'Third' }]);
    await upsert(two, 'New-9');
    // As a push that does not pull before.
    await pushAll(context, recordsOf([{ [extId]: 'New-8', LastName: 'Other' }]), {
      signal,
      upsertField: extId,
    });
    expect((await two.org()).get(a!)).not.toMatchObject({ Title: 'Last' });
    await control(emulator.url, 'faults', []);
    await later(two);
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Last' });
  });

  it('waits with an edit of that contact that is in conflict', async () => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    two.sql(`UPDATE contacts SET ${extId} = 'New-9' WHERE Id = ?`, a);
    await between(two);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", a);
    await upsert(two, 'New-9');
    await two.theirs('touch', { ids: [a], set: { Title: 'Theirs' } });
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'done', 'conflict', 'pending']);
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Theirs', [extId]: 'New-9' });
  });
});

describe('an upsert by a value that an entry before it takes from a contact', () => {
  it.each([
    ['null', null],
    ['another value', 'New-10'],
  ])('makes a contact of its own, for %s', async (_, value) => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    const former = String((await two.org()).get(a!)![extId]);
    two.sql(`UPDATE contacts SET ${extId} = ?, Title = 'First' WHERE Id = ?`, value, a);
    await between(two);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", a);
    await upsert(two, former);
    await two.cycle();
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Second', [extId]: value });
    expect(await withExtId(two, former)).toMatchObject([{ Title: 'Last' }]);
  });

  it('makes one too where the value had only been given by an entry before', async () => {
    await using two = await twoWay('manual');
    const [a] = two.ids;
    two.sql(`UPDATE contacts SET ${extId} = 'New-9' WHERE Id = ?`, a);
    await between(two, 1_100);
    two.sql(`UPDATE contacts SET ${extId} = 'New-10', Title = 'Second' WHERE Id = ?`, a);
    await upsert(two, 'New-9');
    await two.cycle();
    expect((await two.org()).get(a!)).toMatchObject({ Title: 'Second', [extId]: 'New-10' });
    expect(await withExtId(two, 'New-9')).toMatchObject([{ Title: 'Last' }]);
  });

  it('goes to the contact that is given it behind, in that one’s order', async () => {
    await using two = await twoWay('manual');
    const [a, b] = two.ids;
    const former = String((await two.org()).get(a!)![extId]);
    two.sql(`UPDATE contacts SET ${extId} = NULL WHERE Id = ?`, a);
    two.sql(`UPDATE contacts SET ${extId} = ? WHERE Id = ?`, former, b);
    await between(two);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", b);
    await upsert(two, former);
    await two.cycle();
    expect((await two.org()).get(b!)).toMatchObject({ Title: 'Last', [extId]: former });
    expect((await two.org()).get(a!)).toMatchObject({ [extId]: null });
  });
});
