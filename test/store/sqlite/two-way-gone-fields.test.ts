import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/sync/ports/field.ts';
import { describeOf } from './contact-fields.ts';
import { epoch } from './pages.ts';
import { idOf, openTwoWayMirror, type TwoWayMirror, writtenFields } from './two-way-mirror.ts';

const without = (...names: string[]) => writtenFields.filter(({ name }) => !names.includes(name));
const changed = (name: string, facts: Partial<Field>) =>
  writtenFields.map((one) => (one.name === name ? { ...one, ...facts } : one));

const refusal = { code: 'INVALID_FIELD', message: "No such column 'Email'", fields: [] };

/** What waits is sent, and Salesforce refuses it. */
async function refuseAll({ mirror: { outbox } }: TwoWayMirror): Promise<void> {
  const keys = (await outbox.list({ states: ['pending'] })).map(({ key }) => key);
  await outbox.markSent(keys, 'collection', epoch);
  await outbox.settle(keys.map((key) => ({ key, state: 'rejected' as const, errors: [refusal], at: epoch })));
}

const described = ({ mirror }: TwoWayMirror, fields: Field[], only?: string[]) =>
  mirror.schema.applyDescribe(describeOf(fields), epoch + 1, only);

const told = async ({ mirror: { outbox } }: TwoWayMirror) =>
  (await outbox.list()).map(({ state, op, contactKey, changes, base, errors }) => ({
    state,
    op,
    contactKey,
    changes,
    base,
    names: errors.flatMap(({ fields }) => fields),
  }));

const ofFirst = { op: 'update', contactKey: idOf(1) };

describe('an edit of a refused contact', () => {
  test.each([
    ['is gone from the org', without('Email'), undefined],
    ['may be written no more', changed('Email', { updateable: false }), undefined],
    ['is left out of the mirror', writtenFields, ['LastName', 'FirstName', 'Visits__c']],
  ])('takes no field along that %s, and keeps a record of it', async (_case, fields, only) => {
    await using two = await openTwoWayMirror();
    two.program.exec(
      `UPDATE contacts SET Email = 'a@example.com', Visits__c = 5, FirstName = 'X' WHERE Id = '${idOf(1)}'`,
    );
    await refuseAll(two);
    await described(two, fields, only);
    two.program.exec(`UPDATE contacts SET FirstName = 'Y' WHERE Id = '${idOf(1)}'`);
    const base = { Visits__c: null, FirstName: 'First1' };
    const [givenUp, ...more] = (await told(two)).filter(({ state }) => state === 'dropped');
    expect(more).toEqual([]);
    expect(givenUp).toEqual({
      ...ofFirst,
      state: 'dropped',
      changes: { Email: 'a@example.com' },
      base: { Email: 'p1@example.com' },
      names: ['Email'],
    });
    expect((await two.asked()).map(({ state, changes, errors }) => ({ state, changes, errors }))).toEqual([
      { state: 'pending', changes: { Visits__c: 5, FirstName: 'Y' }, errors: [] },
    ]);
    expect((await two.asked())[0]!.base).toEqual(base);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'Y', Visits__c: 5, _state: 'pending' });
    expect(two.sql("SELECT error_code, error_fields FROM outbox WHERE state = 'dropped'")).toEqual([
      { error_code: 'INVALID_FIELD', error_fields: '["Email"]' },
    ]);
  });

  test('that Salesforce has never seen stays a creation with its key', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(
      "INSERT INTO contacts (_key, LastName, Email, Once__c) VALUES ('k', 'A', 'a@example.com', 'once')",
    );
    await refuseAll(two);
    await described(two, without('Email'));
    two.program.exec("UPDATE contacts SET FirstName = 'F' WHERE _key = 'k'");
    expect(await told(two)).toEqual([
      {
        state: 'pending',
        op: 'create',
        contactKey: 'k',
        changes: { LastName: 'A', FirstName: 'F', Once__c: 'once' },
        base: null,
        names: [],
      },
      {
        state: 'dropped',
        op: 'update',
        contactKey: 'k',
        changes: { Email: 'a@example.com' },
        base: null,
        names: ['Email'],
      },
    ]);
  });

  test('of which nothing is left lets go of the contact', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com', FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    await refuseAll(two);
    await described(two, without('Email'));
    two.program.exec(`UPDATE contacts SET FirstName = 'First1' WHERE Id = '${idOf(1)}'`);
    expect(await two.asked()).toEqual([]);
    expect((await told(two)).map(({ changes }) => changes)).toEqual([{}, { Email: 'a@example.com' }]);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'First1', _state: 'synced' });
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
  });

  test('gives up nothing where all of it can be written, or it was not refused', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    await refuseAll(two);
    two.program.exec(`UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    await described(two, without('Email'));
    // It waits, and what becomes of it is seen when it is to be sent.
    two.program.exec(`UPDATE contacts SET FirstName = 'Y' WHERE Id = '${idOf(1)}'`);
    expect(await told(two)).toMatchObject([
      { state: 'pending', changes: { Email: 'a@example.com', FirstName: 'Y' } },
    ]);
  });
});

test('what is parted from an edit is given up where a later edit of the field waits', async () => {
  await using two = await openTwoWayMirror();
  const { outbox } = two.mirror;
  const edit = (email: string) =>
    two.program.exec(
      `UPDATE contacts SET Email = '${email}', FirstName = '${email}', Birthdate = '1990-01-01' WHERE Id = '${idOf(1)}'`,
    );
  edit('a@example.com');
  const [{ key } = { key: '' }] = await two.asked();
  await outbox.markSent([key], 'collection', epoch);
  edit('b@example.com');
  // It was not taken for now, and waits before the other.
  await outbox.settle([{ key, state: 'pending', errors: [], at: epoch }]);
  const changes = { Birthdate: '1990-01-01' };
  const parts = [
    {
      key: 'part',
      changes: { Email: 'a@example.com', FirstName: 'a@example.com' },
      errors: [{ ...refusal, fields: ['Email'] }],
    },
  ];
  const record = { runId: 'run', step: 'left-out', lines: [] };
  expect(await outbox.decideEdits([{ key, kind: 'part', as: key, changes, parts }], record, epoch)).toEqual([
    key,
  ]);
  expect((await told(two)).map((entry) => [entry.state, entry.changes])).toEqual([
    ['pending', changes],
    ['pending', { Email: 'b@example.com', FirstName: 'b@example.com' }],
    ['dropped', parts[0]!.changes],
  ]);
  expect(two.row(idOf(1))).toMatchObject({ Email: 'b@example.com', Birthdate: '1990-01-01' });
});
