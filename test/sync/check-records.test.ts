import { describe, expect, it } from 'vitest';
import { NumberText } from '../../src/base/number-text.ts';
import { contact } from '../../src/org/synced-object.ts';
import type { Field } from '../../src/sync/ports/field.ts';
import type { Queries } from '../../src/sync/ports/queries.ts';
import { type CheckOptions, RecordChecker } from '../../src/sync/push/check/check-records.ts';
import { Columns } from '../../src/sync/push/check/columns.ts';
import { Parents } from '../../src/sync/push/check/parents.ts';
import type { PushRecord } from '../../src/sync/push/check/push-record.ts';
import { upsertFieldOf } from '../../src/sync/push/check/upsert-field.ts';
import { plainField as field } from '../support/plain-field.ts';

const readOnly = { createable: false, updateable: false };
const fields = [
  field('Id', 'id', { ...readOnly, nillable: false, defaultedOnCreate: true, label: 'Contact ID' }),
  field('LastName', 'string', { length: 80, nillable: false, label: 'Last Name' }),
  field('FirstName', 'string', { length: 5 }),
  field('Phone', 'phone', { length: 40, label: 'Business Phone' }),
  field('Email', 'email', { length: 80, idLookup: true }),
  field('Birthdate', 'date'),
  field('Seen__c', 'datetime'),
  field('Score__c', 'double', { precision: 5, scale: 2 }),
  field('Exact__c', 'double', { precision: 18, scale: 2 }),
  field('Count__c', 'int', { digits: 9 }),
  field('DoNotCall', 'boolean', { nillable: false, defaultedOnCreate: true }),
  field('AccountId', 'reference', { length: 18, referenceTo: ['Account'], relationshipName: 'Account' }),
  field('OwnerId', 'reference', { length: 18, referenceTo: ['Group', 'User'], relationshipName: 'Owner' }),
  field('Boss__c', 'reference', {
    createable: false,
    nillable: false,
    referenceTo: ['User'],
    relationshipName: 'Boss__r',
  }),
  field('RecordTypeId', 'reference', { referenceTo: ['RecordType'], relationshipName: 'RecordType' }),
  field('Tier__c', 'picklist', { length: 255, restrictedPicklist: true, picklistValues: ['Gold', 'Silver'] }),
  field('Topics__c', 'multipicklist', { restrictedPicklist: true, picklistValues: ['A', 'B'] }),
  field('Key__c', 'string', { length: 20, externalId: true, unique: true }),
  field('Number__c', 'double', { precision: 18, externalId: true, unique: true }),
  field('CreatedDate', 'datetime', readOnly),
  field('MailingStreet', 'textarea', { length: 255 }),
  field('MailingCity', 'string', { length: 40 }),
];

const parentFields: Record<string, Field[]> = {
  Account: [
    field('Name', 'string', { length: 255, nameField: true, nillable: false }),
    field('Industry', 'picklist'),
    field('ExtId__c', 'double', { precision: 18, externalId: true }),
  ],
  User: [field('Username', 'string', { length: 80, idLookup: true, nillable: false })],
  RecordType: [field('DeveloperName', 'string', { length: 80 })],
};

/** An org that knows these parents, and notes what it was asked. */
function orgWith(rows: Record<string, unknown>[]) {
  const queries: string[] = [];
  const org = {
    requestBytes: (soql: string) => soql.length,
    async all(soql: string) {
      queries.push(soql);
      return { records: rows };
    },
  } as unknown as Queries;
  return { org, queries };
}

const record = (own: Record<string, unknown>, untyped = false): PushRecord => ({
  source: 'contact.json',
  index: 0,
  line: 1,
  fields: own,
  untyped,
});

async function checkAll(
  records: readonly PushRecord[],
  {
    upsert = null,
    rows = [],
    ...more
  }: Partial<Omit<CheckOptions, 'upsert'>> & {
    upsert?: string | null;
    rows?: Record<string, unknown>[];
  } = {},
) {
  const { org, queries } = orgWith(rows);
  const { object = contact } = more;
  const columns = new Columns(object, fields, async (object) => parentFields[object] ?? null);
  const checker = new RecordChecker(fields, columns, new Parents(org, contact.name), {
    object: contact,
    upsert: upsert === null ? null : upsertFieldOf(upsert, fields),
    allowDuplicates: false,
    byJob: false,
    ignoreUnknown: false,
    ignoreReadOnly: false,
    allowDamaged: false,
    decimal: null,
    atomicGroup: null,
    keepGiven: false,
    now: 0,
    ...more,
  });
  const checked = await checker.check(records, { signal: new AbortController().signal });
  return { checked, queries, ignored: checker.ignored.list() };
}

async function check(
  own: Record<string, unknown>,
  { untyped = false, ...more }: Parameters<typeof checkAll>[1] & { untyped?: boolean } = {},
) {
  const { checked, queries, ignored } = await checkAll([record(own, untyped)], more);
  const faults = checked[0]!.faults.map(({ field: name, code }) => `${name}: ${code}`);
  return { ...checked[0]!, faults, queries, ignored, messages: checked[0]!.faults.map((f) => f.message) };
}

/** The value that is stored for one field, or its fault's code. */
async function stored(name: string, value: unknown, untyped = false): Promise<unknown> {
  const { entry, faults } = await check({ LastName: 'L', [name]: value }, { untyped });
  return faults.length > 0 ? faults.join() : entry.changes[name];
}

describe('records are checked', () => {
  it('and every fault of every record is told, with its place', async () => {
    const { checked } = await checkAll([
      record({ LastNam: 'x', Email: 'nobody', Birthdate: '2026-02-30' }),
      { ...record({}), index: 1, line: 2 },
    ]);
    expect(checked.map(({ index, line, faults }) => [index, line, faults.map(({ code }) => code)])).toEqual([
      [0, 1, ['UNKNOWN_FIELD', 'INVALID_EMAIL_ADDRESS', 'WRONG_TYPE', 'REQUIRED_FIELD_MISSING']],
      [1, 2, ['REQUIRED_FIELD_MISSING']],
    ]);
    expect(checked[0]?.faults[0]?.message).toContain('did you mean LastName?');
  });

  it.each([
    [{ LastName: 'L', FirstName: 'Johann' }, 'FirstName: STRING_TOO_LONG'],
    [{ LastName: 'L', Score__c: 1000 }, 'Score__c: NUMBER_OUTSIDE_VALID_RANGE'],
    [{ LastName: 'L', Count__c: 1.5 }, 'Count__c: WRONG_TYPE'],
    [{ LastName: 'L', Count__c: 3_000_000_000 }, 'Count__c: NUMBER_OUTSIDE_VALID_RANGE'],
    [{ LastName: 'L', DoNotCall: 'maybe' }, 'DoNotCall: WRONG_TYPE'],
    [{ LastName: 'L', AccountId: 'abc' }, 'AccountId: MALFORMED_ID'],
    [{ LastName: 'L', Tier__c: 'Bronze' }, 'Tier__c: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
    [{ LastName: 'L', CreatedDate: '2026-01-01T00:00:00Z' }, 'CreatedDate: NOT_CREATEABLE'],
    [{ LastName: 'L', Email: { a: 1 } }, 'Email.a: UNKNOWN_FIELD'],
    [{ LastName: 'L', Email: [1] }, 'Email: WRONG_TYPE'],
    [{ LastName: ' ' }, 'LastName: REQUIRED_FIELD_MISSING'],
    [{ LastName: 'L', lastname: 'M' }, 'lastname: GIVEN_TWICE'],
    [{ LastName: 'L', IsDeleted: true }, 'IsDeleted: NOT_CREATEABLE'],
    [{ Id: '001000000000001', LastName: 'L' }, 'Id: MALFORMED_ID'],
    [{ Id: '003000000000001' }, 'null: NOTHING_TO_CHANGE'],
  ])('and %j is refused', async (own, fault) => {
    expect((await check(own)).faults).toEqual([fault]);
  });

  it('and what their reader found wrong is told with the rest', async () => {
    const faults = [{ field: 'LastName', code: 'GIVEN_TWICE', message: 'LastName is given twice.' }];
    const { checked } = await checkAll([{ ...record({ LastName: 'L', FirstName: 'Johann' }), faults }]);
    expect(checked[0]?.faults.map(({ code }) => code)).toEqual(['GIVEN_TWICE', 'STRING_TOO_LONG']);
  });

  it('with names in any case, kept as describe spells them', async () => {
    expect((await check({ lastname: 'L', EMAIL: 'a@example.com' })).entry.changes).toEqual({
      LastName: 'L',
      Email: 'a@example.com',
    });
  });

  it('and empty CSV cells leave their fields alone, of new contacts and of old ones', async () => {
    const cells = { LastName: 'L', Score__c: ' ', FirstName: '', Birthdate: '2026-01-31' };
    const expected = { LastName: 'L', Birthdate: '2026-01-31' };
    expect((await check(cells, { untyped: true })).entry.changes).toEqual(expected);
    const old = { Id: '003000000000001AAA', ...cells };
    expect((await check(old, { untyped: true })).entry.changes).toEqual(expected);
  });

  it('and become updates with an Id, and deletes with IsDeleted', async () => {
    expect((await check({ Id: '003000000000001AAA ', FirstName: null })).entry).toMatchObject({
      op: 'update',
      contactId: '003000000000001AAA',
      changes: { FirstName: null },
    });
    for (const yes of [true, 'true', 'TRUE', '1']) {
      const own = { Id: '003000000000001AAA', IsDeleted: yes, FirstName: 'Whatever' };
      expect((await check(own, { untyped: true })).entry).toMatchObject({ op: 'delete', changes: {} });
    }
  });

  it('and #N/A as an Id is a fault, where a blank one is none', async () => {
    expect((await check({ Id: null, LastName: 'L' }, { untyped: true })).faults).toEqual([
      'Id: MALFORMED_ID',
    ]);
    for (const blank of ['', ' ']) {
      const { entry, faults } = await check({ Id: blank, LastName: 'L' }, { untyped: true });
      expect([entry.op, faults]).toEqual(['create', []]);
    }
  });
});

describe('texts', () => {
  it.each([
    ['Email', 'a@b.co ', 'a@b.co'],
    ['Email', '\ta@b.co\u00a0\n', 'a@b.co'],
    ['FirstName', ' \r\nAda\t ', 'Ada'],
    // Salesforce keeps a no-break space.
    ['FirstName', '\u00a0Ada', '\u00a0Ada'],
    ['FirstName', '  Hanna  ', 'Hanna'],
    ['FirstName', '   ', null],
    ['AccountId', ' 001000000000001 ', '001000000000001'],
    ['Tier__c', ' gold ', 'gold'],
    ['Topics__c', 'B; a ;', 'B;a'],
    ['FirstName', 12, '12'],
    ['FirstName', new NumberText('1.10'), '1.10'],
    ['Key__c', new NumberText('9007199254740993'), '9007199254740993'],
    ['Email', '"a b"@example.com', '"a b"@example.com'],
  ])('%s takes %j', async (name, given, expected) => {
    expect(await stored(name, given)).toEqual(expected);
    if (typeof given === 'string' && given.trim() !== '')
      expect(await stored(name, given, true)).toEqual(expected);
  });

  it('are as long as Salesforce takes them for, which counts an emoji twice', async () => {
    expect(await stored('FirstName', '😀😀a')).toBe('😀😀a');
    expect(await stored('FirstName', 'äöüßé')).toBe('äöüßé');
    expect(await stored('FirstName', '😀😀😀')).toContain('STRING_TOO_LONG');
    const { checked } = await checkAll([record({ LastName: 'L', FirstName: '😀😀😀' })]);
    expect(checked[0]?.faults[0]?.message).toBe(
      'FirstName takes 5 characters and got 6, as Salesforce takes an emoji and the like for two (3 of them).',
    );
  });
});

describe('numbers keep their digits', () => {
  it.each([
    ['Score__c', '12.50', 12.5],
    ['Score__c', ' 12.5 ', 12.5],
    ['Score__c', '1e2', 100],
    ['Score__c', '.5', 0.5],
    ['Score__c', '-0', 0],
    ['Score__c', '', null],
    ['Exact__c', '1234567890123456.78', '1234567890123456.78'],
    ['Exact__c', new NumberText('9007199254740993'), '9007199254740993'],
    ['Exact__c', 123456789012345, 123456789012345],
    ['Score__c', '12.345', 12.345],
    ['Exact__c', '12345678901234567', 'Exact__c: NUMBER_OUTSIDE_VALID_RANGE'],
    ['Exact__c', '123456789012345.1234', 'Exact__c: NUMBER_OUTSIDE_VALID_RANGE'],
    ['Number__c', '1234567890123456789', 'Number__c: NUMBER_OUTSIDE_VALID_RANGE'],
    ['Score__c', '0x10', 'Score__c: WRONG_TYPE'],
    ['Score__c', '1,5', 'Score__c: WRONG_TYPE'],
    ['Score__c', '1e999999999', 'Score__c: WRONG_TYPE'],
    ['Score__c', true, 'Score__c: WRONG_TYPE'],
  ])('%s: %j', async (name, given, expected) => {
    expect(await stored(name, given)).toEqual(expected);
  });
});

describe('what Salesforce takes is taken', () => {
  it.each([
    ['DoNotCall', 'true', true],
    ['DoNotCall', ' Yes', true],
    ['DoNotCall', 0, false],
    ['DoNotCall', 'off', false],
    ['Birthdate', '1940-06-07Z', '1940-06-07'],
    ['Birthdate', '2026-01-31T10:00:00.000+0000', '2026-01-31'],
    ['Birthdate', '', null],
    ['Birthdate', '31.01.2026', 'Birthdate: WRONG_TYPE'],
    ['Tier__c', 'gold', 'gold'],
    ['Topics__c', 'b; A', 'b;A'],
    ['Seen__c', '2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['Seen__c', '2026-01-31T10:00:00 +02:00', '2026-01-31T10:00:00+02:00'],
    ['Seen__c', '2026-02-30T10:00:00Z', 'Seen__c: WRONG_TYPE'],
  ])('%s: %j', async (name, given, expected) => {
    expect(await stored(name, given)).toEqual(expected);
  });
});

describe('what is written otherwise and is the same to Salesforce is known as the same', () => {
  /** What tells a record from others: its changes, each value in the one form of all that are the same. */
  const told = async (name: string, value: unknown, untyped = false) => {
    const { entry, alike } = await check({ LastName: 'L', [name]: value }, { untyped });
    return { ...entry.changes, ...alike };
  };

  it.each([
    ['accountid', '001000000000001', '001000000000001AAA'],
    ['Email', 'A@Example.com', 'a@example.com'],
    ['Tier__c', 'GOLD', 'gold'],
    ['Topics__c', 'b; A', 'A;B'],
    ['Birthdate', '2026-01-31T10:00:00.000+0000', '2026-01-31'],
    ['Seen__c', '2026-01-31T10:00:00.000Z', '2026-01-31T12:00:00+02:00'],
    ['Score__c', '1.0', 1],
    ['DoNotCall', 'Yes', true],
  ])('%s: %j and %j', async (name, given, other) => {
    expect(await told(name, given, true)).toEqual(await told(name, other));
  });

  it.each([
    ['AccountId', '001000000000001', '001000000000002'],
    ['FirstName', 'A', 'a'],
    ['FirstName', null, undefined],
    ['Seen__c', '2026-01-31T10:00:00Z', '2026-01-31T10:00:00+02:00'],
  ])('and what is not, is not: %s: %j and %j', async (name, given, other) => {
    const rest = other === undefined ? told('LastName', 'L') : told(name, other);
    expect(await told(name, given)).not.toEqual(await rest);
  });

  it('while the value that is sent stays as it was given', async () => {
    expect(await stored('Email', 'A@Example.com')).toBe('A@Example.com');
    expect((await check({ LastName: 'L', FirstName: 'A' })).alike).toBeNull();
  });
});

describe('columns', () => {
  it.each([
    ['Business Phone', `did you mean Phone, labelled "Business Phone"? Use --map 'Business Phone=Phone'`],
    ['Contact id', 'did you mean Id, labelled "Contact ID"?'],
    ['First Name', "did you mean FirstName? Use --map 'First Name=FirstName'"],
    ['first_name', 'did you mean FirstName?'],
    ['Emial', 'did you mean Email?'],
  ])('of another name are told what may be meant: %s', async (name, hint) => {
    const value = name === 'Contact id' ? '003Yf0000000001IAA' : 'x';
    const { messages } = await check({ LastName: 'L', [name]: value });
    expect(messages.join()).toContain(hint);
  });

  it('are never advised to be read as the Id where they hold another system’s', async () => {
    const own = { LastName: 'L', 'Contact ID': '501' };
    expect((await check(own)).messages).toEqual(['Contact has no field Contact ID.']);
    const { ignored } = await check(own, { ignoreUnknown: true });
    expect(ignored).toEqual([{ column: 'Contact ID', reason: 'unknown', meant: null, records: 1 }]);
  });

  it('are never advised to be read as a field that Salesforce alone sets', async () => {
    const { messages } = await check({ LastName: 'L', 'Create Date': 'x' });
    expect(messages.join()).toContain('Contact has no field Create Date.');
  });

  it('are left out on the user’s word, counted', async () => {
    const own = { LastName: 'L', Shoe: '38', CreatedDate: '2026-01-01T00:00:00Z', 'Account.Industry': 'x' };
    const { entry, faults, ignored } = await check(own, { ignoreUnknown: true, ignoreReadOnly: true });
    expect([entry.changes, faults]).toEqual([{ LastName: 'L' }, []]);
    expect(ignored).toEqual([
      { column: 'Shoe', reason: 'unknown', meant: null, records: 1 },
      { column: 'CreatedDate', reason: 'read-only', meant: null, records: 1 },
      { column: 'Account.Industry', reason: 'unknown', meant: null, records: 1 },
    ]);
    expect((await check(own, { ignoreUnknown: true })).faults).toEqual(['CreatedDate: NOT_CREATEABLE']);
  });
});

describe('parents', () => {
  const acme = { Id: '001000000000001AAA', Name: 'Acme' };

  it.each([
    ['a column', { 'Account.Name': ' acme ' }],
    ['a column in another case', { 'account.NAME': 'Acme' }],
    ['a member of a record', { Account: { attributes: { type: 'Account' }, Name: 'Acme' } }],
  ])('are found by a field, as %s', async (_, own) => {
    const { entry, faults, queries } = await check({ LastName: 'L', ...own }, { rows: [acme] });
    expect([entry.changes, faults]).toEqual([{ LastName: 'L', AccountId: acme.Id }, []]);
    expect(queries).toHaveLength(1);
  });

  it('of many records are asked for by one query', async () => {
    const records = Array.from({ length: 300 }, (_, i) =>
      record({ LastName: 'L', 'Account.Name': `A${i % 150}` }),
    );
    const rows = Array.from({ length: 150 }, (_, i) => ({ Id: `001${i}`, Name: `A${i}` }));
    const { checked, queries } = await checkAll(records, { rows });
    expect(queries).toHaveLength(1);
    expect(checked[299]?.entry.changes.AccountId).toBe('001149');
  });

  it.each([
    ['PARENT_NOT_FOUND', []],
    ['PARENT_AMBIGUOUS', [acme, { ...acme, Id: '001000000000002AAA' }]],
  ])('that are none or several are a fault: %s', async (code, rows) => {
    const { faults, messages } = await check({ LastName: 'L', 'Account.Name': 'Acme' }, { rows });
    expect(faults).toEqual([`Account.Name: ${code}`]);
    expect(messages[0]).toMatch(/Account whose Name is "Acme"/);
  });

  it('are compared by value where their external id is a number', async () => {
    const rows = [{ Id: acme.Id, ExtId__c: 7 }];
    const { entry, queries } = await check({ LastName: 'L', 'Account.ExtId__c': '7.0' }, { rows });
    expect(entry.changes.AccountId).toBe(acme.Id);
    expect(queries[0]).toContain('ExtId__c IN (7)');
  });

  it('of several objects are found in the one that has the field', async () => {
    const rows = [{ Id: '005000000000001AAA', Username: "o'neill@x.co" }];
    for (const column of ['Owner.Username', 'User:Owner.Username']) {
      const { entry, queries } = await check({ LastName: 'L', [column]: "O'Neill@x.co" }, { rows });
      expect(entry.changes.OwnerId).toBe('005000000000001AAA');
      expect(queries[0]).toBe("SELECT Id, Username FROM User WHERE Username IN ('O\\'Neill@x.co') LIMIT 2");
    }
  });

  it('are taken away by null, and record types are those of contacts', async () => {
    expect((await check({ LastName: 'L', Account: null })).entry.changes).toEqual({
      LastName: 'L',
      AccountId: null,
    });
    const rows = [{ Id: '012000000000001AAA', DeveloperName: 'Partner' }];
    const { queries } = await check({ LastName: 'L', 'RecordType.DeveloperName': 'Partner' }, { rows });
    expect(queries[0]).toContain("AND SobjectType = 'Contact'");
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['#N/A under their name', { 'Account.Name': null }, true],
    ['null under a name that no parent is without', { Account: { Name: null } }, false],
    ['an empty text', { Account: { Name: ' ' } }, false],
    ['#N/A under an external id', { 'Account.ExtId__c': null }, true],
  ])('are taken away by %s', async (_, own, untyped) => {
    for (const upsert of [null, 'Key__c']) {
      const target = upsert === null ? { Id: '003000000000001AAA' } : { [upsert]: 'k' };
      const { entry, faults, queries } = await check({ ...target, ...own }, { untyped, upsert });
      expect([faults, entry.changes, queries]).toEqual([
        [],
        { ...(upsert === null ? {} : target), AccountId: null },
        [],
      ]);
    }
  });

  it('are taken away only where the record may be without, and are left alone by an empty cell', async () => {
    const Id = '003000000000001AAA';
    expect((await check({ Id, 'Boss__r.Username': null }, { untyped: true })).messages).toEqual([
      'Boss__c must not be empty.',
    ]);
    const { entry } = await check({ Id, Phone: '1', 'Account.Name': ' ' }, { untyped: true });
    expect(entry.changes).toEqual({ Phone: '1' });
    // As an export has it of a record that was given its parent's Id by hand.
    const both = { Id, AccountId: '001000000000001AAA', Account: { Name: '' } };
    expect((await check(both)).entry.changes).toEqual({ AccountId: both.AccountId });
    const required = { Id, Boss__c: '005000000000001AAA', 'Boss__r.Username': '' };
    expect((await check(required)).faults).toEqual([]);
  });

  it('may stand beside their Id, as in an export, where both say the same', async () => {
    const both = { 'Account.Name': 'Acme', LastName: 'L', AccountId: '001000000000001' };
    expect((await check(both, { rows: [acme] })).faults).toEqual([]);
    expect((await check({ ...both, 'Account.Name': 'Other' }, { rows: [acme] })).faults).toEqual([
      'Account.Name: PARENT_NOT_FOUND',
    ]);
    const another = { ...both, AccountId: '001000000000002' };
    expect((await check(another, { rows: [acme] })).faults).toEqual(['Account.Name: GIVEN_TWICE']);
    const namesake = { ...acme, Id: '001000000000003AAA' };
    expect((await check(both, { rows: [acme, namesake] })).faults).toEqual([]);
    expect((await check({ LastName: 'L', AccountId: null, Account: null })).faults).toEqual([]);
  });

  it('cannot be named by any field, or by several fields', async () => {
    const by = await check({ LastName: 'L', 'Account.Industry': 'x' });
    expect(by.messages).toEqual(['Account cannot be found by Industry; it is found by Name, ExtId__c.']);
    const both = { LastName: 'L', Account: { Name: 'x', Industry: 'y' } };
    expect((await check(both)).faults).toEqual(['Account: WRONG_TYPE']);
  });
});

describe('upserts', () => {
  it('go by a unique external id only', async () => {
    await expect(check({ LastName: 'L', Email: 'a@b.co' }, { upsert: 'Email' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      hint: 'Use Key__c or Number__c.',
    });
    expect((await check({ LastName: 'L' }, { upsert: 'key__c' })).faults).toEqual([
      'Key__c: REQUIRED_FIELD_MISSING',
    ]);
    expect((await check({ LastName: 'L', Key__c: '7' }, { upsert: 'Key__c' })).entry.upsertField).toBe(
      'Key__c',
    );
  });

  it('leave it to the org whether a required field is missing', async () => {
    expect((await check({ Key__c: '7', FirstName: 'A' }, { upsert: 'Key__c' })).faults).toEqual([]);
  });

  it('know equal values: texts by their letters, numbers by their value', async () => {
    const value = async (name: string, given: unknown) =>
      (await check({ [name]: given }, { upsert: name })).uniqueValue;
    expect(await value('Key__c', 'AbC ')).toBe('abc');
    expect(await value('Number__c', '7.0')).toBe(await value('Number__c', 7));
    expect(await value('Number__c', '9007199254740993')).not.toBe(
      await value('Number__c', '9007199254740992'),
    );
  });
});

describe('an Id that is given twice', () => {
  it.each([
    { own: { Id: '', ID: '003000000000001AAA', LastName: 'L' }, second: 'ID' },
    { own: { Id: null, id: '003000000000001AAA', LastName: 'L' }, second: 'id' },
    { own: { Id: '003000000000001AAA', id: '003000000000002AAA', LastName: 'L' }, second: 'id' },
    { own: { Id: '003000000000001AAA', IsDeleted: true, isdeleted: false }, second: 'isdeleted' },
  ])('is a fault, never a new contact or another one: $own', async ({ own, second }) => {
    expect((await check(own)).faults).toEqual([`${second}: GIVEN_TWICE`]);
  });
});

describe('what the org would refuse is told before anything is sent', () => {
  it.each([
    ['Email', 'a@example.com ::: b@example.com', 'INVALID_EMAIL_ADDRESS'],
    ['Email', 'a@example.com, b@example.com', 'INVALID_EMAIL_ADDRESS'],
    ['Email', 'a@example.com;b@example.com', 'INVALID_EMAIL_ADDRESS'],
    ['Email', 'Ada <a@example.com>', 'INVALID_EMAIL_ADDRESS'],
    ['Email', 'ada lovelace@example.com', 'INVALID_EMAIL_ADDRESS'],
    ['AccountId', '003000000000001AAA', 'MALFORMED_ID'],
    ['OwnerId', '001000000000001AAA', 'MALFORMED_ID'],
  ])('%s %s', async (name, given, code) => {
    expect(await stored(name, given)).toBe(`${name}: ${code}`);
  });

  it.each([
    ['Birthdate', '0080-12-31'],
    ['Birthdate', '1580-01-01'],
    ['Seen__c', '4500-01-01T00:00:00Z'],
    ['Seen__c', '1600-01-01'],
  ])('a year that Salesforce does not keep: %s %s', async (name, given) => {
    const { messages } = await check({ LastName: 'L', [name]: given });
    expect(messages).toEqual([expect.stringMatching(/Salesforce keeps the years 1700 to 4000\.$/)]);
  });

  it('an Id whose last characters are those of another', async () => {
    const torn = await check({ Id: '003Yf0000000001AAA', FirstName: 'A' });
    expect(torn.faults).toEqual(['Id: MALFORMED_ID']);
    for (const whole of [
      '003Yf0000000001IAA',
      '003YF0000000001IAA',
      '003yf0000000001iaa',
      '003Yf0000000001',
    ]) {
      const { entry, faults } = await check({ Id: whole, FirstName: 'A' });
      expect([entry.contactId, faults]).toEqual(['003Yf0000000001IAA', []]);
    }
  });

  it('while owners are users and queues, and one address may have all that an address has', async () => {
    expect(await stored('OwnerId', '00G000000000001AAA')).toBe('00G000000000001AAA');
    expect(await stored('OwnerId', '005000000000001AAA')).toBe('005000000000001AAA');
    for (const address of ["o'neil+a/b=c@sub.example.com", 'müller@exämple.de', '"a@b, c"@example.com'])
      expect(await stored('Email', address)).toBe(address);
  });
});

describe('a value that was damaged before it came', () => {
  it.each(['4.9E+11', '4,9E+11', '4.91701E+11', new NumberText('4.9E+11')])(
    'a phone that a spreadsheet has shortened (%s) is a fault',
    async (given) => expect(await stored('Phone', given)).toBe('Phone: WRONG_TYPE'),
  );

  it('a phone of digits is none of these, and a text may look like a number', async () => {
    expect(await stored('Phone', 491_701_234_567)).toBe('491701234567');
    expect(await stored('Key__c', '1E10')).toBe('1E10');
  });

  it('half of a character is a fault, where sending it would turn it into another', async () => {
    expect(await stored('FirstName', 'a\ud83d')).toBe('FirstName: WRONG_TYPE');
    expect(await stored('FirstName', '\ud83d\ude00')).toBe('\ud83d\ude00');
  });
});

describe('columns that are left out on the user’s word', () => {
  it.each(['Contact ID', 'sf__Id', '18 Digit Id', 'ContactId18'])(
    'are a fault where one (%s) holds the Id of the contact, which would be made a second time',
    async (name) => {
      const own = { LastName: 'L', [name]: '003Yf0000000001IAA' };
      const { faults, messages } = await check(own, { ignoreUnknown: true });
      expect(faults).toEqual([`${name}: UNKNOWN_FIELD`]);
      expect(messages[0]).toContain(`--map '${name}=Id'`);
    },
  );

  it('are none where the Id is beside it, or of another record', async () => {
    for (const own of [
      { Id: '003Yf0000000001IAA', 'Contact ID': '003Yf0000000001IAA', LastName: 'L' },
      { LastName: 'L', 'Record Id': 'zcrm_123' },
      { LastName: 'L', 'Reports To ID': '003Yf0000000001IAA' },
    ])
      expect((await check(own, { ignoreUnknown: true })).faults).toEqual([]);
  });

  it('are told with the field that they would be, where one is labelled or spelt so', async () => {
    const own = { LastName: 'L', 'Business Phone': '1', first_name: 'A', Shoe: '38' };
    const { ignored } = await check(own, { ignoreUnknown: true });
    expect(ignored.map(({ column, meant }) => [column, meant])).toEqual([
      ['Business Phone', 'Phone'],
      ['first_name', 'FirstName'],
      ['Shoe', null],
    ]);
  });

  it('do not hide a field that was mapped to and is not there', async () => {
    const mapped = { ...record({ LastName: 'L', Telephone: '1' }), mapped: new Set(['Telephone']) };
    const { checked } = await checkAll([mapped], { ignoreUnknown: true });
    expect(checked[0]?.faults.map(({ field: name, code }) => [name, code])).toEqual([
      ['Telephone', 'UNKNOWN_FIELD'],
    ]);
  });
});

describe('a record that Salesforce has told of a contact, and that has no Id', () => {
  const url = '/services/data/v65.0/sobjects/Contact/003000000000001AAA';
  const readFrom = { name: 'attributes.url', url };
  const own = { LastName: 'L' };
  const faultsOf = async (given: Partial<PushRecord>, more: Parameters<typeof checkAll>[1] = {}) => {
    const { checked } = await checkAll([{ ...record(own), ...given }], more);
    return checked[0]!.faults;
  };

  it('is a fault, for it would be made a second time', async () => {
    const [fault, ...others] = await faultsOf({ readFrom });
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ field: 'attributes.url', code: 'ID_LEFT_OUT' });
    expect(fault?.message).toContain('003000000000001AAA');
    expect(fault?.message).toContain("--map 'attributes.url='");
    // As programs hand on what they have read.
    const fields = { attributes: { type: 'Contact', url }, ...own };
    expect(await faultsOf({ fields })).toMatchObject([{ field: 'attributes', code: 'ID_LEFT_OUT' }]);
    // A converter's own name for it.
    const flat = { fields: { attributes_url: url, ...own } };
    expect(await faultsOf(flat, { ignoreUnknown: true })).toMatchObject([
      { field: 'attributes_url', code: 'ID_LEFT_OUT' },
    ]);
  });

  it('is none where the contact is named, or it is no contact', async () => {
    const named = { fields: { ...own, Id: '003000000000001AAA' }, readFrom };
    expect(await faultsOf(named)).toEqual([]);
    expect(await faultsOf({ fields: { ...own, Key__c: 'k' }, readFrom }, { upsert: 'Key__c' })).toEqual([]);
    for (const other of [url.replace('Contact', 'Lead'), url.replace('003', '00Q'), '/x'])
      expect(await faultsOf({ readFrom: { ...readFrom, url: other } })).toEqual([]);
    const manager = { fields: { ...own, manager_url: url } };
    expect(await faultsOf(manager, { ignoreUnknown: true })).toEqual([]);
  });

  it('and one of another object is no contact, whoever hands it on', async () => {
    const fields = { attributes: { type: 'Account' }, ...own };
    expect(await faultsOf({ fields })).toMatchObject([{ field: 'attributes', code: 'NOT_A_CONTACT' }]);
  });
});

describe('what other tools export', () => {
  it('an address as a whole is told by its parts', async () => {
    for (const whole of [{ street: 'S', city: 'C' }, { street: 'S' }]) {
      const { messages } = await check({ LastName: 'L', MailingAddress: whole });
      expect(messages).toEqual([expect.stringMatching(/is set by MailingStreet, MailingCity\.$/)]);
    }
  });

  it('the object under a parent’s name, as Salesforce Inspector writes it, says nothing', async () => {
    const { entry, faults } = await check({ LastName: 'L', Account: '[Account]' }, { untyped: true });
    expect([faults, entry.changes]).toEqual([[], { LastName: 'L' }]);
  });

  it('the midnight of a day, as databases print it, is the day', async () => {
    for (const given of ['1980-12-31 00:00:00', '1980-12-31T00:00:00.000', '1980-12-31 00:00'])
      expect(await stored('Birthdate', given)).toBe('1980-12-31');
    expect(await stored('Birthdate', '1980-12-31 10:00:00')).toBe('Birthdate: WRONG_TYPE');
  });

  it('a short name of theirs is not advised to be the Id', async () => {
    expect((await check({ LastName: 'L', C1: 'x' })).messages).toEqual(['Contact has no field C1.']);
  });
});

describe('an object that is no contact and holds a list of them is told as such, and nothing else of it', () => {
  const one = { LastName: 'L' };
  it.each<[Record<string, unknown>, string]>([
    [{ contacts: [one], total: 1 }, 'contacts'],
    [{ data: [one, one] }, 'data'],
    [{ results: [one] }, 'results'],
    [{ id: 7, items: [one] }, 'items'],
    [{ 'my data': [one] }, '["my data"]'],
    [{ data: { contacts: [one], next: null } }, 'data.contacts'],
    [{ compositeResponse: [{ body: { records: [one] }, httpStatusCode: 200 }] }, 'compositeResponse[].body'],
    [
      { data: { uiapi: { query: { Contact: { edges: [{ node: one }] } } } } },
      'data.uiapi.query.Contact.edges[].node',
    ],
  ])('%j', async (own, path) => {
    for (const ignoreUnknown of [false, true]) {
      const { faults, messages } = await check(own, { ignoreUnknown });
      expect(faults).toEqual([`${path}: WRAPPED_RECORDS`]);
      expect(messages[0]).toMatch(/holds a list of (an object|2 objects) here/);
    }
  });

  it('a contact, or a delete, that holds a list besides is none', async () => {
    const own = { LastName: 'L', tags: [{ name: 'x' }] };
    expect((await check(own)).faults).toEqual(['tags: UNKNOWN_FIELD']);
    expect((await check(own, { ignoreUnknown: true })).faults).toEqual([]);
    const gone = { Id: '003000000000001AAA', IsDeleted: true, tags: [{ name: 'x' }] };
    expect((await check(gone)).faults).toEqual([]);
    expect((await check({ tags: ['x'] })).faults).toContain('tags: UNKNOWN_FIELD');
  });
});

describe('faults of records of another object', () => {
  const account = {
    name: 'Account',
    keyPrefix: '001',
    nouns: { one: 'account', anyOne: 'an account', many: 'accounts' },
    lockedParents: [],
  };

  it.each<[Record<string, unknown>, string]>([
    [{ Id: '003000000000001AAA', LastName: 'L' }, 'is not the Id of an account'],
    [{ LastName: 'L', IsDeleted: true }, 'the Id of the account to delete'],
    [{ LastName: 'L', Foreign: 1 }, 'Account has no field Foreign'],
    [{ records: [{ LastName: 'L' }] }, 'The record has no field of an account'],
  ])('of %o name that object', async (own, told) => {
    const { messages } = await check(own, { object: account });
    expect(messages.join('\n')).toContain(told);
    expect(messages.join('\n')).not.toMatch(/contact/i);
  });
});
