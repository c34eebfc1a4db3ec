import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { codes, create, faultOf, rows, testOrg, V } from './org-fixture.ts';

let org: Org;
let me: Actor;

beforeEach(async () => {
  ({ org, me } = await testOrg());
});

afterEach(() => org.close());

const fieldNames = (object = 'Contact') =>
  org.describe(me, object).document.fields.map((field) => field.name);

describe('describe', () => {
  it('has the keys of a describe result, for the object and for each field', () => {
    const { document } = org.describe(me, 'contact');
    expect(document).toMatchObject({
      name: 'Contact',
      keyPrefix: '003',
      replicateable: true,
      mergeable: true,
      urls: { sobject: '/services/data/v{version}/sobjects/Contact' },
      recordTypeInfos: [{ master: true }],
    });
    const keys = [
      'soapType',
      'byteLength',
      'filterable',
      'sortable',
      'groupable',
      'precision',
      'scale',
      'digits',
      'custom',
    ];
    for (const field of document.fields) expect(Object.keys(field)).toEqual(expect.arrayContaining(keys));
    const email = document.fields.find((field) => field.name === 'Email');
    expect(email).toMatchObject({
      type: 'email',
      length: 80,
      byteLength: 240,
      idLookup: true,
      soapType: 'xsd:string',
      nillable: true,
    });
    expect(document.fields.find((field) => field.name === 'MailingCity')!.compoundFieldName).toBe(
      'MailingAddress',
    );
    expect(document.fields.find((field) => field.name === 'ParaHack_Id__c')).toMatchObject({
      externalId: true,
      unique: true,
      custom: true,
    });
  });

  it('lists the relationships from children, those of other objects found by their references', () => {
    expect(org.describe(me, 'Account').document.childRelationships).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          childSObject: 'Contact',
          field: 'AccountId',
          relationshipName: 'Contacts',
        }),
      ]),
    );
  });

  it('lists every object, without its fields', () => {
    const names = org.describeGlobal(me).document.map((object) => object.name);
    expect(names).toEqual(['Organization', 'User', 'Account', 'Contact', 'Opportunity', 'Individual']);
    expect(org.describeGlobal(me).document[0]).not.toHaveProperty('fields');
    expect(faultOf(() => org.describe(me, 'Nope'))).toBe('NOT_FOUND: The requested resource does not exist');
  });
});

describe('field-level security', () => {
  it('a hidden field is absent from describe and every answer, and cannot be written', () => {
    const id = create(org, me, { LastName: 'A', Email: 'a@example.com' });
    const before = org.describe(me, 'Contact').lastModifiedMs;
    org.clock.advance(5000);
    org.control.change({ hiddenFields: ['Email', 'Account.Industry'] });
    expect(org.describe(me, 'Contact').lastModifiedMs).toBe(before - (before % 1000) + 5000);
    expect(fieldNames()).not.toContain('Email');
    expect(fieldNames('Account')).not.toContain('Industry');
    expect(org.retrieve(me, 'Contact', id, V)).not.toHaveProperty('Email');
    expect(rows(org, me, 'SELECT FIELDS(ALL) FROM Contact LIMIT 1')[0]).not.toHaveProperty('Email');
    for (const soql of [
      'SELECT Email FROM Contact',
      "SELECT Id FROM Contact WHERE Email = 'x'",
      'SELECT Id FROM Contact ORDER BY Email',
    ]) {
      expect(faultOf(() => rows(org, me, soql))).toMatch(
        /^INVALID_FIELD: .*No such column 'Email' on entity 'Contact'/s,
      );
    }
    expect(faultOf(() => org.update(me, [{ object: 'Contact', fields: { Id: id, Email: null } }]))).toMatch(
      /^INVALID_FIELD/,
    );
    org.control.change({ hiddenFields: [] });
    expect(org.retrieve(me, 'Contact', id, V).Email).toBe('a@example.com');
  });

  it('does not touch stamps, and the dump of contacts shows what is hidden', () => {
    create(org, me, { LastName: 'A', Email: 'a@example.com' });
    const stamp = () => rows(org, me, 'SELECT SystemModstamp FROM Contact')[0];
    const before = stamp();
    org.clock.advance(60_000);
    org.control.change({ hiddenFields: ['Email'] });
    expect(stamp()).toEqual(before);
    const [line] = Buffer.concat([...org.control.contactsNdjson({ deleted: false })])
      .toString()
      .split('\n');
    expect(JSON.parse(line!)).toMatchObject({ Email: 'a@example.com', LastName: 'A', IsDeleted: false });
  });

  it('rules see hidden fields', () => {
    org.control.change({ validationRules: [{ name: 'v', condition: 'Email = null', message: 'needs one' }] });
    org.control.change({ hiddenFields: ['Email'] });
    expect(codes(org.create(me, [{ object: 'Contact', fields: { LastName: 'A' } }]))).toEqual([
      'FIELD_CUSTOM_VALIDATION_EXCEPTION',
    ]);
  });
});

describe('fields that come and go', () => {
  it('an added field is null everywhere, can be written, queried and removed', () => {
    const id = create(org, me, { LastName: 'A' });
    org.control.change({
      addFields: [
        { name: 'Score__c', type: 'double', precision: 5, scale: 1 },
        { name: 'Vip__c', type: 'boolean' },
      ],
    });
    expect(rows(org, me, 'SELECT Score__c, Vip__c FROM Contact')).toMatchObject([
      { Score__c: null, Vip__c: false },
    ]);
    expect(
      codes(org.update(me, [{ object: 'Contact', fields: { Id: id, Score__c: 1.25, Vip__c: true } }])),
    ).toEqual(['ok']);
    expect(rows(org, me, 'SELECT Id FROM Contact WHERE Score__c = 1.3 AND Vip__c = true')).toHaveLength(1);
    org.control.change({ removeFields: ['Score__c'] });
    expect(fieldNames()).not.toContain('Score__c');
    expect(faultOf(() => rows(org, me, 'SELECT Score__c FROM Contact'))).toMatch(/^INVALID_FIELD/);
    org.control.createContacts({ count: 1 });
  });

  it('standard fields that contacts are made with can go too', () => {
    org.control.change({ removeFields: ['Title', 'MailingStreet', 'ParaHack_Id__c'] });
    expect(org.control.createContacts({ count: 3 })).toHaveLength(3);
    expect(rows(org, me, 'SELECT FIELDS(ALL) FROM Contact LIMIT 10')).toHaveLength(3);
  });

  it.each([
    [{ removeFields: ['Id'] }],
    [{ removeFields: ['Nope'] }],
    [{ hiddenFields: ['Nope'] }],
    [{ addFields: [{ name: 'Email', type: 'string' }] }],
    [{ commitLagMs: -1 }],
    [{ duplicateRules: [{ name: 'x', matchFields: ['Nope'] }] }],
  ])('a setting that cannot be is refused and changes nothing: %j', (change) => {
    const before = [fieldNames(), org.control.settings()];
    expect(faultOf(() => org.control.change(change))).toMatch(/^INVALID_SETTING/);
    expect([fieldNames(), org.control.settings()]).toEqual(before);
  });

  it('a field whose type is none is refused', () => {
    expect(faultOf(() => org.control.change({ addFields: [{ name: 'A__c', type: 'colour' }] }))).toMatch(
      /^INVALID_DESCRIBE/,
    );
  });
});

describe('objects from describe documents', () => {
  it('a document with names and types is enough', async () => {
    const { org: own, me: user } = await testOrg({
      objects: [
        {
          name: 'Trip__c',
          fields: [
            { name: 'Name', type: 'string', length: 80, nameField: true, nillable: false },
            {
              name: 'Traveller__c',
              type: 'reference',
              referenceTo: ['Contact'],
              relationshipName: 'Traveller__r',
            },
            {
              name: 'OwnerId',
              type: 'reference',
              referenceTo: ['Group', 'User'],
              relationshipName: 'Owner',
              nillable: false,
              defaultedOnCreate: true,
            },
            {
              name: 'Where__Latitude__s',
              type: 'double',
              scale: 6,
              precision: 9,
              compoundFieldName: 'Where__c',
            },
            {
              name: 'Where__Longitude__s',
              type: 'double',
              scale: 6,
              precision: 9,
              compoundFieldName: 'Where__c',
            },
            { name: 'Where__c', type: 'location', createable: false, updateable: false },
            { name: 'Leaves__c', type: 'time' },
          ],
        },
      ],
    });
    const contact = create(own, user, { LastName: 'A' });
    const trip = create(
      own,
      user,
      { Name: 'T', Traveller__c: contact, Where__Latitude__s: 1.5, Leaves__c: '08:30:00Z' },
      'Trip__c',
    );
    expect(trip).toMatch(/^a00/);
    expect(
      rows(own, user, 'SELECT Name, Traveller__r.Name, Owner.Name, Where__c, Leaves__c FROM Trip__c'),
    ).toMatchObject([
      {
        Traveller__r: { Name: 'A' },
        Owner: { Name: 'Ada Admin' },
        Where__c: { latitude: 1.5, longitude: null },
        Leaves__c: '08:30:00.000Z',
      },
    ]);
    expect(rows(own, user, 'SELECT (SELECT Name FROM Trips__r) FROM Contact')[0]).toMatchObject({
      Trips__r: { totalSize: 1 },
    });
    own.close();
  });

  it.each([
    [null],
    [{ fields: [] }],
    [{ name: 'X__c' }],
    [{ name: 'X__c', fields: [{ name: 'A__c' }] }],
    [{ name: 'X__c', fields: [{ name: 'A"; drop table Contact; --', type: 'string' }] }],
    [{ name: 'X__c', keyPrefix: 'toolong', fields: [] }],
    [
      {
        name: 'X__c',
        fields: [
          { name: 'A__c', type: 'string' },
          { name: 'a__C', type: 'string' },
        ],
      },
    ],
  ])('what is no describe document is refused: %j', async (document) => {
    await expect(testOrg({ objects: [document] })).rejects.toMatchObject({ errorCode: 'INVALID_DESCRIBE' });
  });
});

describe('sharing', () => {
  it('a hidden row is in no answer for that user, and everything for another', async () => {
    const { org: own, me: user, other } = await testOrg({ contacts: 5 });
    const [first] = rows(own, user, 'SELECT Id FROM Contact LIMIT 1');
    const id = first!.Id as string;
    own.update(user, [
      {
        object: 'Contact',
        fields: { Id: rows(own, user, 'SELECT Id FROM Contact LIMIT 1 OFFSET 1')[0]!.Id, ReportsToId: id },
      },
    ]);
    own.control.setVisibility({ ids: [id], hidden: true });
    expect(own.query(user, 'SELECT COUNT() FROM Contact', V).totalSize).toBe(4);
    expect(own.query(user, 'SELECT Id FROM Contact', { ...V, all: true }).totalSize).toBe(4);
    expect(own.query(other, 'SELECT Id FROM Contact', V).totalSize).toBe(5);
    expect(faultOf(() => own.retrieve(user, 'Contact', id, V))).toMatch(/^NOT_FOUND/);
    expect(JSON.parse(own.retrieveMany(user, 'Contact', [id], ['Id'], V).join(''))).toEqual([null]);
    expect(
      rows(own, user, 'SELECT ReportsTo.Name FROM Contact WHERE ReportsToId != null AND ReportsTo.Id = null')
        .length,
    ).toBeGreaterThan(0);
    expect(codes(own.update(user, [{ object: 'Contact', fields: { Id: id, Title: 'x' } }]))).toEqual([
      'INVALID_CROSS_REFERENCE_KEY',
    ]);
    expect(codes(own.delete(user, [id]))).toEqual(['INVALID_CROSS_REFERENCE_KEY']);
    expect(own.control.counts().live).toBe(5);
    own.control.setVisibility({ ids: [id], hidden: false });
    expect(own.query(user, 'SELECT Id FROM Contact', V).totalSize).toBe(5);
    own.close();
  });
});

describe('search (SOSL)', () => {
  it('finds rows that have the words asked for, in name fields', () => {
    create(org, me, { FirstName: 'Anna', LastName: 'Karenina', Email: 'tolstoy@example.com' });
    create(org, me, { LastName: 'Vronsky', Description: 'Anna' });
    create(org, me, { Name: 'Anna & Co' }, 'Account');
    const find = (sosl: string) => org.search(me, sosl, V);
    expect(find('FIND {ann*} IN NAME FIELDS RETURNING Contact(Id, Name), Account(Name)')).toMatchObject([
      { attributes: { type: 'Contact' }, Name: 'Anna Karenina' },
      { attributes: { type: 'Account' }, Name: 'Anna & Co' },
    ]);
    expect(
      find('find {Kar*nina anna} returning Contact(LastName where Email != null order by Id limit 1)'),
    ).toHaveLength(1);
    expect(find('FIND {tolst*} RETURNING Contact')).toHaveLength(1);
    expect(find('FIND {nna} IN NAME FIELDS RETURNING Contact')).toEqual([]);
    expect(find("FIND {O'Brien%} RETURNING Contact")).toEqual([]);
    expect(find('FIND {anna}').length).toBe(2);
    expect(faultOf(() => find('FIND {a} RETURNING Contact'))).toBe(
      'MALFORMED_SEARCH: search term must be longer than one character',
    );
    expect(faultOf(() => find('FIND anna'))).toMatch(/^MALFORMED_SEARCH/);
    expect(faultOf(() => find('FIND {anna} RETURNING Nope'))).toMatch(/^INVALID_TYPE/);
  });
});
