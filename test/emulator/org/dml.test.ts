import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { SaveResult } from '../../../src/emulator/engine/save-result.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { codes, column, create, faultOf, idOf, NOW, rows, testOrg, V } from './org-fixture.ts';

let org: Org;
let me: Actor;
let other: Actor;

beforeEach(async () => {
  ({ org, me, other } = await testOrg());
});

afterEach(() => org.close());

function save(fields: Record<string, unknown>): SaveResult {
  return org.create(me, [{ object: 'Contact', fields }])[0]!;
}

function read(id: string, ...fields: string[]) {
  return org.retrieve(me, 'Contact', id, { ...V, fields });
}

describe('create', () => {
  it('stamps whole seconds of the org clock and the user, and makes Name', () => {
    org.clock.set(NOW + 789);
    const id = idOf(save({ FirstName: 'Ada', LastName: 'Lovelace' }));
    expect(id).toMatch(/^003.{15}$/);
    expect(
      read(id, 'Name', 'CreatedDate', 'LastModifiedDate', 'SystemModstamp', 'CreatedById', 'OwnerId'),
    ).toMatchObject({
      Name: 'Ada Lovelace',
      CreatedDate: '2026-06-17T12:30:15.000+0000',
      LastModifiedDate: '2026-06-17T12:30:15.000+0000',
      SystemModstamp: '2026-06-17T12:30:15.000+0000',
      CreatedById: me.userId,
      OwnerId: me.userId,
    });
  });

  it('takes field names in any case, trims texts, and stores an empty text as null', () => {
    const id = idOf(save({ lastname: '  Trim  ', TITLE: '', Phone: '   ' }));
    expect(read(id, 'LastName', 'Title', 'Phone')).toMatchObject({
      LastName: 'Trim',
      Title: null,
      Phone: null,
    });
  });

  it('keeps a no-break space at the ends of a text', () => {
    const id = idOf(save({ LastName: '\u00a0Trim\u00a0\t ', Title: '\u00a0' }));
    expect(read(id, 'LastName', 'Title')).toMatchObject({ LastName: '\u00a0Trim\u00a0', Title: '\u00a0' });
  });

  it.each([
    [1e-7, 0],
    [-1e-7, 0],
    ['1e-9', 0],
    [1.5e-2, 0.02],
    [123_456.789, 123_456.79],
  ])('rounds %j to %j, in whatever form it is written', (given, kept) => {
    const id = idOf(save({ LastName: 'N', Lifetime_Value__c: given }));
    expect(read(id, 'Lifetime_Value__c').Lifetime_Value__c).toBe(kept);
  });

  it('rounds numbers to their scale and drops milliseconds', () => {
    const id = idOf(
      save({
        LastName: 'N',
        Lifetime_Value__c: 1.005,
        Visits__c: '2.5',
        Last_Seen__c: '2026-01-02T03:04:05.678Z',
      }),
    );
    expect(read(id, 'Lifetime_Value__c', 'Visits__c', 'Last_Seen__c')).toMatchObject({
      Lifetime_Value__c: 1.01,
      Visits__c: 3,
      Last_Seen__c: '2026-01-02T03:04:05.000+0000',
    });
  });

  it('keeps doubles of many digits as they are', () => {
    const id = idOf(save({ LastName: 'N', MailingLatitude: 12.345678901234567, MailingLongitude: 0.1 }));
    expect(read(id, 'MailingLatitude', 'MailingLongitude')).toMatchObject({
      MailingLatitude: 12.345678901234567,
      MailingLongitude: 0.1,
    });
  });

  it('puts picklist values into their defined spelling and order', () => {
    const id = idOf(save({ LastName: 'P', Tier__c: 'gold', Interests__c: 'security; BILLING;security' }));
    expect(read(id, 'Tier__c', 'Interests__c')).toMatchObject({
      Tier__c: 'Gold',
      Interests__c: 'Billing;Security',
    });
  });

  it('resolves a parent by its external id or idLookup field', () => {
    const boss = create(org, me, { LastName: 'Boss', ParaHack_Id__c: 'boss' });
    const id = idOf(save({ LastName: 'R', ReportsTo: { ParaHack_Id__c: 'BOSS' } }));
    expect(read(id, 'ReportsToId').ReportsToId).toBe(boss);
    expect(codes([save({ LastName: 'R', ReportsTo: { ParaHack_Id__c: 'nobody' } })])).toEqual([
      'INVALID_FIELD',
    ]);
  });

  it.each<[string, Record<string, unknown>, string, string, string[]]>([
    [
      'REQUIRED_FIELD_MISSING',
      { FirstName: 'x' },
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [LastName]',
      ['LastName'],
    ],
    [
      'a required field of blanks',
      { LastName: ' ' },
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [LastName]',
      ['LastName'],
    ],
    [
      'STRING_TOO_LONG',
      { LastName: 'x'.repeat(81) },
      'STRING_TOO_LONG',
      `Last Name: data value too large: ${'x'.repeat(81)} (max length=80)`,
      ['LastName'],
    ],
    [
      'INVALID_EMAIL_ADDRESS',
      { LastName: 'x', Email: 'nobody' },
      'INVALID_EMAIL_ADDRESS',
      'Email: invalid email address: nobody',
      ['Email'],
    ],
    [
      'a computed field',
      { LastName: 'x', Name: 'y' },
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      'Unable to create/update fields: Name.',
      ['Name'],
    ],
    [
      'a system field',
      { LastName: 'x', CreatedDate: '2020-01-01T00:00:00Z' },
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      'Unable to create/update fields: CreatedDate.',
      ['CreatedDate'],
    ],
    [
      'an Id in an insert',
      { LastName: 'x', Id: '003000000000000AAA' },
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      'cannot specify Id in an insert call',
      ['Id'],
    ],
    [
      'a restricted picklist',
      { LastName: 'x', Tier__c: 'Tin' },
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      'Tier: bad value for restricted picklist field: Tin',
      ['Tier__c'],
    ],
    [
      'a restricted multipicklist',
      { LastName: 'x', Interests__c: 'Billing;Tin' },
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      'Interests: bad value for restricted picklist field: Tin',
      ['Interests__c'],
    ],
    [
      'MALFORMED_ID',
      { LastName: 'x', OwnerId: 'me' },
      'MALFORMED_ID',
      'Owner ID: id value of incorrect type: me',
      ['OwnerId'],
    ],
    [
      'an id of another object',
      { LastName: 'x', AccountId: '003000000000000AAA' },
      'MALFORMED_ID',
      'Account ID: id value of incorrect type',
      ['AccountId'],
    ],
    [
      'INVALID_CROSS_REFERENCE_KEY',
      { LastName: 'x', AccountId: '001000000000000AAA' },
      'INVALID_CROSS_REFERENCE_KEY',
      'invalid cross reference id',
      ['AccountId'],
    ],
    [
      'a number out of range',
      { LastName: 'x', Lifetime_Value__c: 1e17 },
      'NUMBER_OUTSIDE_VALID_RANGE',
      'Lifetime Value: value outside of valid range',
      ['Lifetime_Value__c'],
    ],
  ])('refuses %s', (_rule, fields, code, message, named) => {
    const result = save(fields);
    expect(result).toMatchObject({ success: false, id: null, status: 400 });
    expect(result.errors[0]).toMatchObject({ statusCode: code, fields: named });
    expect(result.errors[0]!.message).toContain(message);
    expect(org.control.counts().live).toBe(0);
  });

  it('leaves an unrestricted picklist open', () => {
    expect(codes([save({ LastName: 'x', LeadSource: 'Carrier pigeon' })])).toEqual(['ok']);
  });

  it('refuses an inactive owner and a deleted parent', () => {
    const inactive = org.users.find((user) => !user.active)!;
    const account = create(org, me, { Name: 'A' }, 'Account');
    org.delete(me, [account]);
    expect(
      codes([save({ LastName: 'x', OwnerId: inactive.id }), save({ LastName: 'x', AccountId: account })]),
    ).toEqual(['INACTIVE_OWNER_OR_USER', 'ENTITY_IS_DELETED']);
  });

  it.each([
    [
      { LastName: 'x', Birthdate: 'soon' },
      'Cannot deserialize instance of date from VALUE_STRING value soon or request may be missing a required field at [line:1, column:17]',
    ],
    [
      { LastName: 'x', Newsletter__c: 'maybe' },
      'Cannot deserialize instance of boolean from VALUE_STRING value maybe',
    ],
    [{ LastName: 'x', Visits__c: true }, 'Cannot deserialize instance of double from VALUE_TRUE value true'],
    [{ LastName: 'x', Title: ['a'] }, 'Cannot deserialize instance of string from START_ARRAY value ['],
    [
      { LastName: 'x', Last_Seen__c: '2026-01-01' },
      'Cannot deserialize instance of datetime from VALUE_STRING',
    ],
  ])('a wrong type in JSON refuses the request with JSON_PARSER_ERROR', (fields, message) => {
    const body = JSON.stringify(fields);
    expect(faultOf(() => org.create(me, [{ object: 'Contact', fields }], { body }))).toContain(
      `JSON_PARSER_ERROR: ${message}`,
    );
  });

  it('a wrong type in CSV refuses the record, #N/A is null and an empty value is not given', () => {
    const [bad, good] = org.create(
      me,
      [
        { object: 'Contact', fields: { LastName: 'x', Birthdate: 'soon' } },
        { object: 'Contact', fields: { LastName: 'y', Newsletter__c: 'TRUE', Title: '', Phone: '#N/A' } },
      ],
      { source: 'csv' },
    );
    expect(codes([bad!])).toEqual(['INVALID_TYPE_ON_FIELD_IN_RECORD']);
    expect(read(idOf(good!), 'Newsletter__c', 'Title', 'Phone')).toMatchObject({
      Newsletter__c: true,
      Title: null,
      Phone: null,
    });
  });

  it('an unknown field refuses the request, an unknown object is NOT_FOUND', () => {
    expect(faultOf(() => save({ LastName: 'x', Nope: 1 }))).toBe(
      "INVALID_FIELD: No such column 'Nope' on sobject of type Contact",
    );
    expect(faultOf(() => org.create(me, [{ object: 'Nope', fields: {} }]))).toBe(
      'NOT_FOUND: The requested resource does not exist',
    );
  });
});

describe('update', () => {
  it('changes what is named, stamps, and makes Name again', () => {
    const id = create(org, me, { FirstName: 'A', LastName: 'B', Title: 'T' });
    org.clock.advance(5000);
    expect(
      org.update(other, [{ object: 'Contact', fields: { Id: id.slice(0, 15), FirstName: null } }]),
    ).toMatchObject([{ success: true, id }]);
    expect(
      read(id, 'Name', 'Title', 'CreatedDate', 'SystemModstamp', 'CreatedById', 'LastModifiedById'),
    ).toMatchObject({
      Name: 'B',
      Title: 'T',
      CreatedDate: '2026-06-17T12:30:15.000+0000',
      SystemModstamp: '2026-06-17T12:30:20.000+0000',
      CreatedById: me.userId,
      LastModifiedById: other.userId,
    });
  });

  it('refuses a missing id, an unknown row, a deleted row, and null for a required field', () => {
    const id = create(org, me, { LastName: 'B' });
    const gone = create(org, me, { LastName: 'C' });
    org.delete(me, [gone]);
    const update = (fields: Record<string, unknown>) => org.update(me, [{ object: 'Contact', fields }]);
    expect(codes(update({ LastName: 'x' }))).toEqual(['MISSING_ARGUMENT']);
    expect(update({ Id: '003000000000000AAA' })).toMatchObject([
      { status: 404, errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY' }] },
    ]);
    expect(update({ Id: gone, Title: 'x' })).toMatchObject([
      { status: 404, errors: [{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted' }] },
    ]);
    expect(codes(update({ Id: id, LastName: null }))).toEqual(['REQUIRED_FIELD_MISSING']);
    expect(codes(update({ Id: me.userId }))).toEqual(['MALFORMED_ID']);
  });
});

describe('collections', () => {
  it('without allOrNone each record stands for itself, in order', () => {
    const records = ['a', '', 'c'].map((LastName) => ({ object: 'Contact', fields: { LastName } }));
    expect(codes(org.create(me, records))).toEqual(['ok', 'REQUIRED_FIELD_MISSING', 'ok']);
    expect(column(org, me, 'SELECT LastName FROM Contact')).toEqual(['a', 'c']);
  });

  it('with allOrNone nothing stays and the others say ALL_OR_NONE_OPERATION_ROLLED_BACK', () => {
    const records = ['a', '', 'c'].map((LastName) => ({ object: 'Contact', fields: { LastName } }));
    expect(codes(org.create(me, records, { allOrNone: true }))).toEqual([
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'REQUIRED_FIELD_MISSING',
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    ]);
    expect(org.control.counts().live).toBe(0);
  });

  it('mixes objects', () => {
    const results = org.create(me, [
      { object: 'Contact', fields: { LastName: 'a' } },
      { object: 'Account', fields: { Name: 'b' } },
    ]);
    expect(results.map((result) => result.id?.slice(0, 3))).toEqual(['003', '001']);
  });

  it('a transaction around several calls is one unit', () => {
    expect(() =>
      org.transaction(() => {
        create(org, me, { LastName: 'a' });
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(org.control.counts().live).toBe(0);
    org.transaction(() => create(org, me, { LastName: 'b' }));
    expect(column(org, me, 'SELECT LastName FROM Contact')).toEqual(['b']);
  });

  it('retrieve answers in the order of the ids, null for what is missing, deleted or no id at all', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((LastName) => create(org, me, { LastName })) as [
      string,
      string,
      string,
    ];
    org.delete(me, [b]);
    const ids = [c, b, 'nonsense', '003000000000000AAA', a.slice(0, 15), me.userId];
    const answer = JSON.parse(
      org.retrieveMany(me, 'Contact', ids, ['LastName', 'id', 'LASTNAME'], V).join(''),
    );
    expect(answer.map((row: { LastName: string } | null) => row?.LastName ?? null)).toEqual([
      'c',
      null,
      null,
      null,
      'a',
      null,
    ]);
    expect(JSON.parse(org.retrieveMany(me, 'Contact', [], ['Id'], V).join(''))).toEqual([]);
    expect(faultOf(() => org.retrieveMany(me, 'Contact', [a], ['Nope'], V))).toMatch(/^INVALID_FIELD/);
    expect(faultOf(() => org.retrieveMany(me, 'Contact', Array(2001).fill(a), ['Id'], V))).toMatch(
      /^EXCEEDED_ID_LIMIT/,
    );
  });
});

describe('upsert', () => {
  const upsert = (field: string, ...records: Record<string, unknown>[]) =>
    org.upsert(
      me,
      field,
      records.map((fields) => ({ object: 'Contact', fields })),
    );

  it('creates where nothing matches and updates the one that does', () => {
    const [made] = upsert('ParaHack_Id__c', { ParaHack_Id__c: 'k', LastName: 'A' });
    expect(made).toMatchObject({ success: true, created: true });
    expect(upsert('parahack_id__c', { ParaHack_Id__c: 'K', Title: 'T' })).toMatchObject([
      { success: true, created: false, id: made!.id },
    ]);
    expect(read(made!.id!, 'Title', 'LastName')).toMatchObject({ Title: 'T', LastName: 'A' });
  });

  it('goes by Id', () => {
    const id = create(org, me, { LastName: 'A' });
    expect(upsert('Id', { Id: id, Title: 'T' }, { LastName: 'B' })).toMatchObject([
      { created: false, id },
      { created: true },
    ]);
  });

  it('answers 300 with the ids where an idLookup field matches several', () => {
    const ids = [1, 2].map(() => create(org, me, { LastName: 'A', Email: 'a@example.com' }));
    expect(upsert('Email', { Email: 'A@example.com', Title: 'T' })).toMatchObject([
      { success: false, status: 300, matches: ids },
    ]);
    expect(org.retrieveBy(me, 'Contact', 'Email', 'a@example.com', V)).toEqual({ ids });
  });

  it('refuses a field that is no external id, a missing value and a value named twice', () => {
    expect(faultOf(() => upsert('Title', { Title: 'x' }))).toBe(
      'NOT_FOUND: Provided external ID field does not exist or is not accessible: Title',
    );
    expect(codes(upsert('ParaHack_Id__c', { LastName: 'x' }))).toEqual(['MISSING_ARGUMENT']);
    expect(
      codes(
        upsert(
          'ParaHack_Id__c',
          { ParaHack_Id__c: 'a', LastName: 'x' },
          { ParaHack_Id__c: 'A', LastName: 'y' },
        ),
      ),
    ).toEqual(['DUPLICATE_VALUE', 'DUPLICATE_VALUE']);
  });
});

describe('delete, undelete, purge, merge', () => {
  it('a deleted row stays for queryAll until it is purged', () => {
    const id = create(org, me, { LastName: 'A' });
    org.clock.advance(2000);
    expect(codes(org.delete(other, [id]))).toEqual(['ok']);
    expect(rows(org, me, 'SELECT Id FROM Contact')).toEqual([]);
    expect(rows(org, me, 'SELECT Id, IsDeleted, SystemModstamp FROM Contact', true)).toMatchObject([
      { Id: id, IsDeleted: true, SystemModstamp: '2026-06-17T12:30:17.000+0000' },
    ]);
    expect(org.delete(me, [id])).toMatchObject([
      { status: 404, errors: [{ statusCode: 'ENTITY_IS_DELETED' }] },
    ]);
    expect(faultOf(() => org.retrieve(me, 'Contact', id, V))).toBe('ENTITY_IS_DELETED: entity is deleted');
    expect(org.control.purge([id])).toEqual([id]);
    expect(rows(org, me, 'SELECT Id FROM Contact', true)).toEqual([]);
    expect(faultOf(() => org.retrieve(me, 'Contact', id, V))).toMatch(/^NOT_FOUND/);
    expect(org.control.counts()).toMatchObject({ live: 0, deleted: 0, purged: 1 });
  });

  it('undelete brings a row back with a new stamp', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    org.clock.advance(3000);
    expect(codes(org.undelete(me, [id]))).toEqual(['ok']);
    expect(read(id, 'SystemModstamp').SystemModstamp).toBe('2026-06-17T12:30:18.000+0000');
    expect(codes(org.undelete(me, [id]))).toEqual(['UNDELETE_FAILED']);
  });

  it('numbers of purged rows are never given again', () => {
    const id = create(org, me, { LastName: 'A' });
    org.control.purge([id]);
    expect(create(org, me, { LastName: 'B' })).not.toBe(id);
  });

  it('an account takes its contacts with it, and brings them back', () => {
    const account = create(org, me, { Name: 'A' }, 'Account');
    const contact = create(org, me, { LastName: 'C', AccountId: account });
    org.delete(me, [account]);
    expect(rows(org, me, 'SELECT Id FROM Contact')).toEqual([]);
    org.undelete(me, [account]);
    expect(column(org, me, 'SELECT Id FROM Contact', 'Id')).toEqual([contact]);
  });

  it('a delete that is refused midway deletes nothing', () => {
    const account = create(org, me, { Name: 'A' }, 'Account');
    const [, locked] = ['a', 'b'].map((LastName) => create(org, me, { LastName, AccountId: account }));
    org.control.openTransaction({ touch: { ids: [locked!] } });
    expect(codes(org.delete(me, [account]))).toEqual(['UNABLE_TO_LOCK_ROW']);
    expect(column(org, me, 'SELECT LastName FROM Contact')).toEqual(['a', 'b']);
  });

  it('hardDelete leaves nothing in the Recycle Bin', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id], { hard: true });
    expect(rows(org, me, 'SELECT Id FROM Contact', true)).toEqual([]);
  });

  it('a merge deletes the losers with MasterRecordId and moves what referred to them', () => {
    const [master, loser] = ['M', 'L'].map((LastName) => create(org, me, { LastName })) as [string, string];
    const child = create(org, me, { LastName: 'C', ReportsToId: loser });
    org.clock.advance(1000);
    expect(org.merge(me, { master, losers: [loser] })).toMatchObject({ success: true, id: master });
    expect(
      rows(org, me, 'SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true', true),
    ).toMatchObject([{ Id: loser, MasterRecordId: master }]);
    expect(read(child, 'ReportsToId').ReportsToId).toBe(master);
    org.undelete(me, [loser]);
    expect(read(loser, 'MasterRecordId').MasterRecordId).toBeNull();
    org.delete(me, [loser]);
    expect(
      codes([org.merge(me, { master, losers: [master] }), org.merge(me, { master, losers: [loser] })]),
    ).toEqual(['INVALID_OPERATION', 'ENTITY_IS_DELETED']);
  });
});

describe('rules', () => {
  it('a unique field: DUPLICATE_VALUE names the other row, whatever the case', () => {
    const id = create(org, me, { LastName: 'A', ParaHack_Id__c: 'key' });
    expect(save({ LastName: 'B', ParaHack_Id__c: 'KEY' }).errors).toMatchObject([
      {
        statusCode: 'DUPLICATE_VALUE',
        message: `duplicate value found: ParaHack_Id__c duplicates value on record with id: ${id}`,
      },
    ]);
    expect(codes(org.update(me, [{ object: 'Contact', fields: { Id: id, ParaHack_Id__c: 'Key' } }]))).toEqual(
      ['ok'],
    );
  });

  it('a validation rule refuses with its message and field, and the row is as before', () => {
    org.control.change({
      validationRules: [
        {
          name: 'reach',
          condition: 'Email = null AND Phone = null',
          message: 'How to reach?',
          field: 'Email',
        },
      ],
    });
    expect(save({ LastName: 'A' }).errors).toMatchObject([
      { statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'How to reach?', fields: ['Email'] },
    ]);
    const id = create(org, me, { LastName: 'A', Phone: '1' });
    expect(codes(org.update(me, [{ object: 'Contact', fields: { Id: id, Phone: null } }]))).toEqual([
      'FIELD_CUSTOM_VALIDATION_EXCEPTION',
    ]);
    expect(read(id, 'Phone').Phone).toBe('1');
    expect(
      faultOf(() =>
        org.control.change({ validationRules: [{ name: 'x', condition: 'Nope = 1', message: 'm' }] }),
      ),
    ).toMatch(/^INVALID_SETTING/);
  });

  it('a duplicate rule shows the matches, and allowSave passes it where the rule lets it', () => {
    org.control.change({ duplicateRules: [{ name: 'Same', matchFields: ['LastName', 'Email'] }] });
    const id = create(org, me, { LastName: 'A', Email: 'a@example.com' });
    const twin = { LastName: 'a', Email: 'A@EXAMPLE.com' };
    const [error] = save(twin).errors;
    expect(error).toMatchObject({
      statusCode: 'DUPLICATES_DETECTED',
      message: 'Use one of these records?',
      duplicateResult: {
        allowSave: true,
        duplicateRule: 'Same',
        matchResults: [{ size: 1, matchRecords: [{ record: { Id: id } }] }],
      },
    });
    expect(codes([save({ LastName: 'a' })])).toEqual(['ok']);
    expect(codes(org.create(me, [{ object: 'Contact', fields: twin }], { allowDuplicates: true }))).toEqual([
      'ok',
    ]);
    org.control.change({ duplicateRules: [{ name: 'Hard', matchFields: ['Email'], allowSave: false }] });
    expect(codes(org.create(me, [{ object: 'Contact', fields: twin }], { allowDuplicates: true }))).toEqual([
      'DUPLICATES_DETECTED',
    ]);
  });

  it('triggers rewrite fields at each save, before rules look at the row, and a prefix comes once', () => {
    org.control.change({
      saveTriggers: [
        { field: 'LastName', upper: true },
        { field: 'Title', prefix: 'Dr. ' },
        { field: 'Department', set: 'All' },
      ],
      validationRules: [{ name: 'Lower', condition: "LastName = 'REFUSED'", message: 'No' }],
    });
    const id = create(org, me, { LastName: 'Doe', Title: 'Vet', Department: 'One' });
    expect(read(id, 'LastName', 'Name', 'Title', 'Department')).toMatchObject({
      LastName: 'DOE',
      Name: 'DOE',
      Title: 'Dr. Vet',
      Department: 'All',
    });
    expect(codes(org.update(me, [{ object: 'Contact', fields: { Id: id, Department: 'Two' } }]))).toEqual([
      'ok',
    ]);
    expect(read(id, 'Title', 'Department')).toMatchObject({ Title: 'Dr. Vet', Department: 'All' });
    expect(codes([save({ LastName: 'refused' })])).toEqual(['FIELD_CUSTOM_VALIDATION_EXCEPTION']);
    org.control.change({ saveTriggers: [{ field: 'Title', prefix: 'x'.repeat(128) }] });
    expect(codes([save({ LastName: 'Long', Title: 'Vet' })])).toEqual(['STRING_TOO_LONG']);
  });

  it.each([
    [{ field: 'Nope', set: 'x' }, /There is no field/],
    [{ field: 'Name', set: 'x' }, /cannot be written/],
    [{ field: 'Title' }, /either set/],
    [{ field: 'Title', set: 'x', upper: true }, /either set/],
    [{ field: 'Birthdate', upper: true }, /is no text/],
    [{ field: 'Birthdate', set: 'yes' }, /cannot set Birthdate/],
  ])('refuses the trigger %j', (trigger, message) => {
    expect(faultOf(() => org.control.change({ saveTriggers: [trigger] }))).toMatch(message);
    expect(org.control.settings().saveTriggers).toEqual([]);
  });

  it('rows that are locked are written by nobody until they are let go', () => {
    const id = create(org, me, { LastName: 'A' });
    org.control.change({ lockedIds: [id.slice(0, 15)] });
    const locked = () => codes(org.update(me, [{ object: 'Contact', fields: { Id: id, Title: 'x' } }]));
    expect(locked()).toEqual(['UNABLE_TO_LOCK_ROW']);
    expect(codes(org.delete(me, [id]))).toEqual(['UNABLE_TO_LOCK_ROW']);
    expect(faultOf(() => org.control.touch({ ids: [id] }))).toMatch(/^UNABLE_TO_LOCK_ROW/);
    org.control.change({ lockedIds: [] });
    expect(locked()).toEqual(['ok']);
    expect(faultOf(() => org.control.change({ lockedIds: ['x'] }))).toMatch(/is no id/);
  });

  it('contacts are made by another user, or by the one that is named, all or none', () => {
    const [theirs = ''] = org.control.create({ records: [{ LastName: 'Twin' }] });
    const [mine = ''] = org.control.create({ records: [{ LastName: 'Twin' }], userId: me.userId });
    expect(read(theirs, 'CreatedById').CreatedById).toBe(other.userId);
    expect(read(mine, 'CreatedById').CreatedById).toBe(me.userId);
    expect(
      faultOf(() => org.control.create({ records: [{ LastName: 'Half' }, { FirstName: 'No' }] })),
    ).toMatch(/^REQUIRED_FIELD_MISSING/);
    expect(rows(org, me, "SELECT Id FROM Contact WHERE LastName = 'Half'")).toEqual([]);
  });
});
