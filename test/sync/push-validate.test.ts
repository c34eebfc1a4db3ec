import { describe, expect, it } from 'vitest';
import type { Field } from '../../src/sync/ports/field.ts';
import { type PushRecord, validateRecords } from '../../src/sync/push/validate.ts';

function field(name: string, type: string, more: Partial<Field> = {}): Field {
  return {
    name,
    label: name,
    type,
    length: 0,
    precision: 0,
    scale: 0,
    digits: 0,
    nillable: true,
    createable: true,
    updateable: true,
    calculated: false,
    defaultedOnCreate: false,
    externalId: false,
    unique: false,
    idLookup: false,
    custom: false,
    restrictedPicklist: false,
    picklistValues: [],
    referenceTo: [],
    ...more,
  };
}

const fields = [
  field('Id', 'id', { createable: false, updateable: false, nillable: false, defaultedOnCreate: true }),
  field('LastName', 'string', { length: 80, nillable: false }),
  field('FirstName', 'string', { length: 5 }),
  field('Email', 'email', { length: 80, idLookup: true }),
  field('Birthdate', 'date'),
  field('Seen__c', 'datetime'),
  field('Score__c', 'double', { precision: 5, scale: 2 }),
  field('DoNotCall', 'boolean', { nillable: false, defaultedOnCreate: true }),
  field('AccountId', 'reference', { length: 18 }),
  field('Tier__c', 'picklist', { length: 255, restrictedPicklist: true, picklistValues: ['Gold', 'Silver'] }),
  field('Key__c', 'string', { length: 20, externalId: true, unique: true }),
  field('CreatedDate', 'datetime', { createable: false, updateable: false }),
];

const record = (own: Record<string, unknown>, untyped = false): PushRecord => ({
  source: 'contact.json',
  index: 0,
  line: 1,
  fields: own,
  untyped,
});

function check(own: Record<string, unknown>, { untyped = false, upsert = null as string | null } = {}) {
  const options = { upsert, allowDuplicates: false, atomicGroup: null, now: 0 };
  const { planned, faults } = validateRecords([record(own, untyped)], fields, options);
  return { entry: planned[0]?.entry, faults: faults.map(({ field, code }) => `${field}: ${code}`) };
}

describe('validateRecords', () => {
  it('tells every fault of every record, with its place', () => {
    const { faults } = validateRecords(
      [
        record({ LastNam: 'x', Email: 'nobody', Birthdate: '2026-02-30' }),
        { ...record({}), index: 1, line: 2 },
      ],
      fields,
      { upsert: null, allowDuplicates: false, atomicGroup: null, now: 0 },
    );
    expect(faults.map(({ index, line, field, code }) => [index, line, field, code])).toEqual([
      [0, 1, 'LastNam', 'UNKNOWN_FIELD'],
      [0, 1, 'Email', 'INVALID_EMAIL_ADDRESS'],
      [0, 1, 'Birthdate', 'WRONG_TYPE'],
      [0, 1, 'LastName', 'REQUIRED_FIELD_MISSING'],
      [1, 2, 'LastName', 'REQUIRED_FIELD_MISSING'],
    ]);
    expect(faults[0]?.message).toContain('did you mean LastName?');
  });

  it.each([
    [{ LastName: 'L', FirstName: 'Johann' }, 'FirstName: STRING_TOO_LONG'],
    [{ LastName: 'L', Score__c: 1000 }, 'Score__c: NUMBER_OUTSIDE_VALID_RANGE'],
    [{ LastName: 'L', Score__c: '12' }, 'Score__c: WRONG_TYPE'],
    [{ LastName: 'L', DoNotCall: 'true' }, 'DoNotCall: WRONG_TYPE'],
    [{ LastName: 'L', AccountId: 'abc' }, 'AccountId: MALFORMED_ID'],
    [{ LastName: 'L', Tier__c: 'Bronze' }, 'Tier__c: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
    [{ LastName: 'L', CreatedDate: '2026-01-01T00:00:00Z' }, 'CreatedDate: NOT_CREATEABLE'],
    [{ LastName: 'L', Email: { a: 1 } }, 'Email: WRONG_TYPE'],
    [{ LastName: ' ' }, 'LastName: REQUIRED_FIELD_MISSING'],
    [{ LastName: 'L', lastname: 'M' }, 'lastname: GIVEN_TWICE'],
    [{ Id: '001000000000001', LastName: 'L' }, 'Id: MALFORMED_ID'],
    [{ Id: '003000000000001' }, 'null: NOTHING_TO_CHANGE'],
  ])('refuses %j', (own, fault) => {
    expect(check(own).faults).toEqual([fault]);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(check({ LastName: 'L', FirstName: '😀😀😀😀😀' }).faults).toEqual([]);
  });

  it('takes field names in any case and keeps the spelling of describe', () => {
    expect(check({ lastname: 'L', EMAIL: 'a@example.com' }).entry?.changes).toEqual({
      LastName: 'L',
      Email: 'a@example.com',
    });
  });

  it('types CSV text by describe and leaves empty cells of a new contact out', () => {
    const { entry, faults } = check(
      { LastName: 'L', Score__c: '12.5', DoNotCall: 'TRUE', FirstName: '', Birthdate: '2026-01-31' },
      { untyped: true },
    );
    expect(faults).toEqual([]);
    expect(entry?.changes).toEqual({
      LastName: 'L',
      Score__c: 12.5,
      DoNotCall: true,
      Birthdate: '2026-01-31',
    });
  });

  it('makes an update of a record with Id and a delete of one with IsDeleted', () => {
    expect(check({ Id: '003000000000001AAA', FirstName: null }).entry).toMatchObject({
      op: 'update',
      contactId: '003000000000001AAA',
      changes: { FirstName: null },
    });
    expect(check({ Id: '003000000000001AAA', IsDeleted: true }).entry).toMatchObject({
      op: 'delete',
      changes: {},
    });
  });

  it('upserts by a unique external id only', () => {
    expect(() => check({ LastName: 'L', Email: 'a@b.co' }, { upsert: 'Email' })).toThrowError(
      expect.objectContaining({ code: 'INVALID_INPUT', hint: 'Use Key__c.' }),
    );
    expect(check({ LastName: 'L' }, { upsert: 'key__c' }).faults).toEqual(['Key__c: REQUIRED_FIELD_MISSING']);
    expect(check({ LastName: 'L', Key__c: '7' }, { upsert: 'Key__c' }).entry?.upsertField).toBe('Key__c');
  });

  it('refuses one external id twice in the input', () => {
    const { faults } = validateRecords(
      [record({ LastName: 'L', Key__c: 'a' }), record({ LastName: 'M', Key__c: 'A' })],
      fields,
      { upsert: 'Key__c', allowDuplicates: false, atomicGroup: null, now: 0 },
    );
    expect(faults.map(({ code }) => code)).toEqual(['DUPLICATE_VALUE']);
  });
});
