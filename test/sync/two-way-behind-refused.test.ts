import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const key = 'ParaHack_Id__c';

const rules = (two: TwoWayRig, isOn: boolean) =>
  control(two.rig.emulator.url, 'settings', {
    validationRules: isOn
      ? [{ name: 'NoBad', condition: "Department LIKE 'Bad%'", message: 'No bad department.' }]
      : [],
  });

/** What comes between the refused edit and the next one of its contact. */
const between = {
  'a refused push by its Id': (two: TwoWayRig) =>
    pushed(two, { Id: two.ids[0], Department: 'Bad push' }, { state: 'rejected' }),
  'a refused upsert of another contact': (two: TwoWayRig) =>
    pushed(two, { [key]: 'X2', Department: 'Bad push' }, { upsertField: key, state: 'rejected' }),
  'a refused upsert of a new contact': (two: TwoWayRig) =>
    pushed(
      two,
      { [key]: 'New', LastName: 'Ng', Department: 'Bad push' },
      { upsertField: key, state: 'rejected' },
    ),
  'a waiting upsert of a new contact': (two: TwoWayRig) =>
    pushed(two, { [key]: 'New', LastName: 'Ng', Department: 'New' }, { upsertField: key, state: 'pending' }),
  'a waiting push of another field': (two: TwoWayRig) =>
    pushed(two, { Id: two.ids[0], Title: 'Pushed' }, { state: 'pending' }),
  'a waiting push of that field': (two: TwoWayRig) =>
    pushed(two, { Id: two.ids[0], Department: 'Pushed' }, { state: 'pending' }),
} as const;

async function pushed(
  { rig: { context, signal } }: TwoWayRig,
  record: Record<string, unknown>,
  { upsertField = null, state }: { upsertField?: string | null; state: 'rejected' | 'pending' },
): Promise<void> {
  await pushAll(context, recordsOf([record]), { signal, upsertField, queue: state === 'pending' });
  expect((await context.mirror.outbox.list()).at(-1)).toMatchObject({ local: false, state });
}

describe.each(conflictPolicies)('with %s, the next edit of a contact whose edit was refused', (policy) => {
  async function refused(): Promise<TwoWayRig> {
    const two = await twoWay(policy);
    const [id, other] = two.ids;
    await two.theirs('touch', { ids: [id], set: { [key]: 'X1', Department: 'Before' } });
    await two.theirs('touch', { ids: [other], set: { [key]: 'X2' } });
    two.rig.pass(180_000);
    await two.cycle();
    await rules(two, true);
    two.sql("UPDATE contacts SET Department = 'Bad', FirstName = 'Kim' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.states()).toEqual(['rejected']);
    return two;
  }

  /** The entries of the contact that programs have made, and still wait. */
  const openEdits = async (two: TwoWayRig) =>
    (await two.rig.context.mirror.outbox.list()).filter(
      ({ local, state }) => local && state !== 'done' && state !== 'dropped',
    );

  const cycles = async (two: TwoWayRig) => {
    for (let count = 0; count < 4; count++) await two.cycle();
  };

  it.each(Object.entries(between))('takes its place behind %s', async (_, push) => {
    await using two = await refused();
    const [id] = two.ids;
    await push(two);
    two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", id);
    await cycles(two);
    expect(await openEdits(two)).toEqual([]);
    expect((await two.org()).get(id!)).toMatchObject({ Department: 'Good', FirstName: 'Kim' });
    expect(two.rows('Id = ?', id)).toMatchObject([
      { Department: 'Good', FirstName: 'Kim', _state: 'synced' },
    ]);
    expect(await two.notes()).toEqual([]);
  });

  it.each(Object.entries(between))('that takes it back leaves nothing of it behind %s', async (_, push) => {
    await using two = await refused();
    const [id] = two.ids;
    await push(two);
    two.sql("UPDATE contacts SET Department = 'Before' WHERE Id = ?", id);
    await cycles(two);
    await rules(two, false);
    await cycles(two);
    expect(await openEdits(two)).toEqual([]);
    expect((await two.org()).get(id!)).toMatchObject({ Department: 'Before', FirstName: 'Kim' });
    expect(two.rows('Id = ?', id)).toMatchObject([{ Department: 'Before', _state: 'synced' }]);
    expect(await two.notes()).toEqual([]);
  });

  it.each(Object.entries(between).filter(([name]) => name.includes('refused')))(
    'goes as one with it, though %s stands behind that',
    async (_, push) => {
      await using two = await refused();
      await push(two);
      two.sql("UPDATE contacts SET Department = 'Good' WHERE Id = ?", two.ids[0]);
      expect(await two.states()).toEqual(['pending', 'rejected']);
      expect(await openEdits(two)).toMatchObject([{ changes: { Department: 'Good', FirstName: 'Kim' } }]);
    },
  );

  it('sends the rest of it once more, and leaves it refused where that is refused again', async () => {
    await using two = await refused();
    const [id] = two.ids;
    await between['a waiting upsert of a new contact'](two);
    two.sql("UPDATE contacts SET FirstName = 'Lee' WHERE Id = ?", id);
    await cycles(two);
    expect(await openEdits(two)).toMatchObject([
      { state: 'rejected', changes: { Department: 'Bad' }, attempts: 2 },
    ]);
    expect((await two.org()).get(id!)).toMatchObject({ Department: 'Before', FirstName: 'Lee' });
    expect(two.rows('Id = ?', id)).toMatchObject([
      { Department: 'Bad', FirstName: 'Lee', _state: 'rejected', _error: expect.stringContaining('No bad') },
    ]);
  });

  it.each(Object.entries(between).filter(([name]) => name.includes('upsert')))(
    'makes the contact, where that was refused, behind %s',
    async (_, push) => {
      await using two = await twoWay(policy);
      await two.theirs('touch', { ids: [two.ids[1]], set: { [key]: 'X2' } });
      two.rig.pass(180_000);
      await two.cycle();
      await rules(two, true);
      two.sql(
        "INSERT INTO contacts (_key, LastName, FirstName, Department) VALUES ('k', 'Ng', 'Kim', 'Bad')",
      );
      await two.cycle();
      expect(await two.states()).toEqual(['rejected']);
      await push(two);
      two.sql("UPDATE contacts SET Department = 'Good' WHERE _key = 'k'");
      await cycles(two);
      expect(await openEdits(two)).toEqual([]);
      expect(two.rows("_key = 'k'")).toMatchObject([
        { Department: 'Good', FirstName: 'Kim', _state: 'synced' },
      ]);
      expect(await two.notes()).toEqual([]);
    },
  );
});

/** One that the org is to lose. */
async function addField({ rig, cycle }: TwoWayRig): Promise<void> {
  await control(rig.emulator.url, 'settings', { addFields: [{ name: 'Gone__c', type: 'string' }] });
  rig.pass(7_200_000);
  await cycle();
}

it('a part that was refused for a field that is gone is given up by the next edit behind an upsert too', async () => {
  await using two = await twoWay();
  const [id] = two.ids;
  const { emulator } = two.rig;
  await addField(two);
  two.sql("UPDATE contacts SET Gone__c = 'x', Title = 'First' WHERE Id = ?", id);
  await control(emulator.url, 'settings', { removeFields: ['Gone__c'] });
  await two.cycle();
  expect(await two.states()).toEqual(['done', 'rejected']);
  await between['a waiting upsert of a new contact'](two);
  two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", id);
  for (let cycles = 0; cycles < 3; cycles++) await two.cycle();
  expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Second', _state: 'synced', _error: null }]);
  const [, part] = await two.rig.context.mirror.outbox.list();
  expect(part).toMatchObject({
    state: 'dropped',
    attempts: 0,
    changes: { Gone__c: 'x' },
    errors: [
      { code: 'INVALID_FIELD', message: expect.stringContaining('was given up'), fields: ['Gone__c'] },
    ],
  });
});

it('the rest of what was refused goes without a field that has gone since, behind an upsert too', async () => {
  await using two = await twoWay();
  const [id] = two.ids;
  const { emulator } = two.rig;
  await addField(two);
  await rules(two, true);
  two.sql("UPDATE contacts SET Gone__c = 'x', FirstName = 'Lee', Department = 'Bad' WHERE Id = ?", id);
  await two.cycle();
  expect(await two.states()).toEqual(['rejected']);
  await control(emulator.url, 'settings', { removeFields: ['Gone__c'] });
  await rules(two, false);
  two.rig.pass(7_200_000);
  await two.cycle();
  await between['a waiting upsert of a new contact'](two);
  two.sql("UPDATE contacts SET Title = 'B' WHERE Id = ?", id);
  for (let cycles = 0; cycles < 3; cycles++) await two.cycle();
  expect(two.rows('Id = ?', id)).toMatchObject([
    { FirstName: 'Lee', Department: 'Bad', Title: 'B', _state: 'synced', _error: null },
  ]);
  const entries = await two.rig.context.mirror.outbox.list();
  expect(entries.filter(({ local, state }) => local && state !== 'done')).toMatchObject([
    { state: 'dropped', changes: { Gone__c: 'x' }, errors: [{ fields: ['Gone__c'] }] },
  ]);
});
