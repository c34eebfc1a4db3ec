import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { column, create, faultOf, NOW, rows, testOrg, V } from '../org/org-fixture.ts';

const DAY = 86_400_000;

let org: Org;
let me: Actor;

beforeAll(async () => {
  ({ org, me } = await testOrg({ objects: [INVOICE] }));
  const acme = create(org, me, { Name: 'Acme', Industry: 'Technology', NumberOfEmployees: 50 }, 'Account');
  const globex = create(org, me, { Name: 'Globex', ParentId: acme, AnnualRevenue: 1000 }, 'Account');
  const at = (days: number, fields: Record<string, unknown>) => {
    org.clock.set(NOW + days * DAY);
    return create(org, me, fields);
  };
  at(-400, {
    LastName: 'Alpha',
    Email: 'alpha@example.com',
    AccountId: acme,
    LeadSource: 'Web',
    Visits__c: 1,
  });
  at(-40, {
    LastName: 'beta',
    FirstName: 'Müller',
    AccountId: acme,
    Interests__c: 'Billing;Mobile',
    Visits__c: 2,
  });
  at(-8, {
    LastName: "O'Neil",
    AccountId: globex,
    LeadSource: 'Other',
    Interests__c: 'Mobile',
    Newsletter__c: true,
  });
  at(-1, { LastName: '50%_done', Birthdate: '1990-06-17', Lifetime_Value__c: 12.5, LeadSource: 'Web' });
  at(0, { LastName: 'Écho', Birthdate: '2026-06-17', Description: 'long "text"\nsecond line' });
  org.clock.set(NOW + 1000);
  const gone = create(org, me, { LastName: 'Gone' });
  org.delete(me, [gone]);
  create(org, me, { Name: 'I-1', Account__c: acme, Total__c: 10 }, 'Invoice__c');
  create(org, me, { Name: 'I-2', Account__c: acme, Total__c: 20 }, 'Invoice__c');
});

afterAll(() => org.close());

const INVOICE = {
  name: 'Invoice__c',
  labelPlural: 'Invoices',
  keyPrefix: 'a0I',
  fields: [
    { name: 'Name', type: 'string', length: 80, nameField: true },
    { name: 'Account__c', type: 'reference', referenceTo: ['Account'], relationshipName: 'Account__r' },
    { name: 'Total__c', type: 'currency', precision: 18, scale: 2 },
  ],
};

const ALL = ['Alpha', 'beta', "O'Neil", '50%_done', 'Écho'];

/** [the documented rule, the WHERE and what follows it, the last names it answers] */
const CONDITIONS: [string, string, string[]][] = [
  ['no WHERE: rows by their Ids, without deleted ones', '', ALL],
  ['= ignores case', "WHERE LastName = 'ALPHA'", ['Alpha']],
  [
    '= ignores the case of letters beyond ASCII',
    "WHERE LastName = 'éCHO' OR FirstName = 'müLLER'",
    ['beta', 'Écho'],
  ],
  ['\\u escapes in strings', "WHERE LastName = '\\u00c9cho'", ['Écho']],
  ["\\' inside a string", "WHERE LastName = 'o\\'neil'", ["O'Neil"]],
  ['!= takes rows whose field is null', "WHERE LeadSource != 'Web'", ['beta', "O'Neil", 'Écho']],
  ['= null', 'WHERE LeadSource = null', ['beta', 'Écho']],
  ['!= null', 'WHERE LeadSource != NULL', ['Alpha', "O'Neil", '50%_done']],
  ["'' is null", "WHERE LeadSource = ''", ['beta', 'Écho']],
  ['< and > ignore case and leave nulls out', "WHERE LastName > 'a' AND LastName < 'c'", ['Alpha', 'beta']],
  ['numbers', 'WHERE Visits__c >= 1 AND Visits__c < 2.5', ['Alpha', 'beta']],
  ['negative numbers', 'WHERE Visits__c > -1', ['Alpha', 'beta']],
  ['currency may carry a prefix', 'WHERE Lifetime_Value__c = USD12.5', ['50%_done']],
  ['booleans', 'WHERE Newsletter__c = TRUE', ["O'Neil"]],
  ['LIKE with %', "WHERE LastName LIKE '%A'", ['Alpha', 'beta']],
  ['LIKE with _', "WHERE LastName LIKE '_eta'", ['beta']],
  ['LIKE with escaped wildcards', "WHERE LastName LIKE '50\\%\\_%'", ['50%_done']],
  ['LIKE beyond ASCII', "WHERE LastName LIKE 'éC%'", ['Écho']],
  ['IN', "WHERE LastName IN ('alpha', 'BETA', 'nobody')", ['Alpha', 'beta']],
  ['IN with null', "WHERE LeadSource IN ('Other', null)", ['beta', "O'Neil", 'Écho']],
  ['NOT IN takes nulls', "WHERE LeadSource NOT IN ('Web')", ['beta', "O'Neil", 'Écho']],
  ['INCLUDES any of', "WHERE Interests__c INCLUDES ('Billing', 'Security')", ['beta']],
  ['INCLUDES all of a;b', "WHERE Interests__c INCLUDES ('Mobile;Billing')", ['beta']],
  ['EXCLUDES', "WHERE Interests__c EXCLUDES ('Billing') AND Interests__c != null", ["O'Neil"]],
  ['NOT has two truth values', "WHERE NOT LeadSource = 'Web'", ['beta', "O'Neil", 'Écho']],
  ['NOT before parentheses', "WHERE NOT (LeadSource = 'Web' OR LeadSource = 'Other')", ['beta', 'Écho']],
  ['NOT of NOT', "WHERE NOT (NOT LastName = 'beta')", ['beta']],
  ['NOT binds closer than AND', "WHERE NOT LastName = 'beta' AND AccountId != null", ['Alpha', "O'Neil"]],
  [
    'parentheses mix AND and OR',
    "WHERE (LeadSource = 'Web' AND AccountId != null) OR (LeadSource = 'Other' AND Newsletter__c = true)",
    ['Alpha', "O'Neil"],
  ],
  ['a parent field', "WHERE Account.Name = 'acme'", ['Alpha', 'beta']],
  ['two parents up', "WHERE Account.Parent.Name = 'Acme'", ["O'Neil"]],
  ['a missing parent has null fields', 'WHERE Account.Name = null', ['50%_done', 'Écho']],
  ['the object name before a field', "WHERE Contact.LastName = 'beta'", ['beta']],
  [
    'a semi-join',
    "WHERE AccountId IN (SELECT Id FROM Account WHERE Industry = 'technology')",
    ['Alpha', 'beta'],
  ],
  [
    'an anti-join takes rows without the reference',
    "WHERE AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Acme')",
    ["O'Neil", '50%_done', 'Écho'],
  ],
  [
    'a semi-join on a reference of another object',
    'WHERE AccountId IN (SELECT Account__c FROM Invoice__c WHERE Total__c > 15)',
    ['Alpha', 'beta'],
  ],
  ['a datetime with Z', 'WHERE CreatedDate >= 2026-06-17T12:30:15Z', ['Écho']],
  ['a datetime with an offset', 'WHERE CreatedDate >= 2026-06-17T14:30:15.000+02:00', ['Écho']],
  ['a date', 'WHERE Birthdate = 1990-06-17', ['50%_done']],
  ['TODAY', 'WHERE CreatedDate = TODAY', ['Écho']],
  ['a date field and TODAY', 'WHERE Birthdate = TODAY', ['Écho']],
  ['YESTERDAY', 'WHERE CreatedDate = YESTERDAY', ['50%_done']],
  ['< TODAY ends before it', 'WHERE CreatedDate < TODAY AND CreatedDate > LAST_N_DAYS:9', []],
  ['>= LAST_N_DAYS:n', 'WHERE CreatedDate >= LAST_N_DAYS:8', ["O'Neil", '50%_done', 'Écho']],
  ['= LAST_N_DAYS:n includes today', 'WHERE CreatedDate = LAST_N_DAYS:1', ['50%_done', 'Écho']],
  ['N_DAYS_AGO:n', 'WHERE CreatedDate = N_DAYS_AGO:8', ["O'Neil"]],
  ['LAST_WEEK, from Sunday on', 'WHERE CreatedDate = LAST_WEEK', ["O'Neil"]],
  ['THIS_MONTH', 'WHERE CreatedDate = THIS_MONTH', ["O'Neil", '50%_done', 'Écho']],
  ['LAST_N_MONTHS:n', 'WHERE CreatedDate = LAST_N_MONTHS:1', ['beta']],
  ['THIS_YEAR and !=', 'WHERE CreatedDate != THIS_YEAR', ['Alpha']],
  ['LAST_YEAR', 'WHERE CreatedDate = LAST_YEAR', ['Alpha']],
  ['LAST_90_DAYS', 'WHERE CreatedDate = LAST_90_DAYS', ['beta', "O'Neil", '50%_done', 'Écho']],
  ['IN with date literals', 'WHERE CreatedDate IN (TODAY, N_DAYS_AGO:8)', ["O'Neil", 'Écho']],
  ['a date function', 'WHERE CALENDAR_YEAR(CreatedDate) = 2025', ['Alpha']],
  ['DAY_ONLY', 'WHERE DAY_ONLY(CreatedDate) = 2026-06-16', ['50%_done']],
  ['DAY_IN_WEEK counts from Sunday', 'WHERE DAY_IN_WEEK(CreatedDate) = 4', ['Écho']],
  ['WEEK_IN_YEAR', 'WHERE WEEK_IN_YEAR(CreatedDate) = 24 AND CreatedDate = TODAY', ['Écho']],
  ['a formula field', "WHERE Account_Label__c = 'alpha @ acme'", ['Alpha']],
  ['ORDER BY: nulls first', 'ORDER BY Email, LastName', ['50%_done', 'beta', "O'Neil", 'Écho', 'Alpha']],
  [
    'ORDER BY … DESC: nulls first too',
    'ORDER BY Email DESC, LastName',
    ['50%_done', 'beta', "O'Neil", 'Écho', 'Alpha'],
  ],
  ['NULLS LAST', 'ORDER BY Visits__c DESC NULLS LAST LIMIT 2', ['beta', 'Alpha']],
  [
    'picklists sort in their own order',
    'WHERE LeadSource != null ORDER BY LeadSource DESC',
    ["O'Neil", 'Alpha', '50%_done'],
  ],
  [
    'ORDER BY a parent field',
    'WHERE AccountId != null ORDER BY Account.Name DESC',
    ["O'Neil", 'Alpha', 'beta'],
  ],
  ['LIMIT and OFFSET', 'ORDER BY CreatedDate LIMIT 2 OFFSET 1', ['beta', "O'Neil"]],
  ['FOR VIEW changes nothing', "WHERE LastName = 'beta' FOR VIEW", ['beta']],
  ['WITH SECURITY_ENFORCED', "WHERE LastName = 'beta' WITH SECURITY_ENFORCED", ['beta']],
  ['USING SCOPE mine', 'USING SCOPE mine LIMIT 1', ['Alpha']],
];

describe('SOQL conditions and order', () => {
  it.each(CONDITIONS)('%s', (_rule, clauses, names) => {
    expect(column(org, me, `SELECT LastName FROM Contact ${clauses}`)).toEqual(names);
  });

  it('answers ids of 15 characters and of 18 in any case', () => {
    const id = rows(org, me, "SELECT Id FROM Contact WHERE LastName = 'beta'")[0]!.Id as string;
    for (const given of [id, id.slice(0, 15), id.toLowerCase()]) {
      expect(column(org, me, `SELECT LastName FROM Contact WHERE Id = '${given}'`)).toEqual(['beta']);
    }
    expect(column(org, me, `SELECT LastName FROM Contact WHERE Id > '${id}' ORDER BY Id`)).toEqual(
      ALL.slice(2),
    );
    expect(
      column(org, me, `SELECT LastName FROM Contact WHERE Id IN ('${id}', '001000000000000AAA')`),
    ).toEqual(['beta']);
    expect(column(org, me, `SELECT LastName FROM Contact WHERE Id != '${id}'`)).toHaveLength(4);
  });

  it('pages by keys find every row once, equal stamps included', async () => {
    const seeded = await testOrg({ contacts: 700 });
    const seen: unknown[] = [];
    let where = '';
    for (;;) {
      const page = rows(
        seeded.org,
        seeded.me,
        `SELECT Id, CreatedDate FROM Contact ${where} ORDER BY CreatedDate, Id LIMIT 60`,
      );
      seen.push(...page.map((row) => row.Id));
      const last = page.at(-1);
      if (!last) break;
      const stamp = String(last.CreatedDate).replace('+0000', 'Z');
      where = `WHERE (CreatedDate > ${stamp} OR (CreatedDate = ${stamp} AND Id > '${last.Id}'))`;
    }
    expect(new Set(seen).size).toBe(700);
    expect(seen).toHaveLength(700);
    seeded.org.close();
  });
});

describe('SOQL fields', () => {
  it('nests parents with attributes, null where there is none', () => {
    const [first] = rows(
      org,
      me,
      "SELECT Id, Account.Name, Account.Owner.Alias FROM Contact WHERE LastName = 'Alpha'",
    );
    expect(first).toEqual({
      attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${first!.Id}` },
      Id: first!.Id,
      Account: {
        attributes: {
          type: 'Account',
          url: expect.stringMatching(/^\/services\/data\/v62.0\/sobjects\/Account\/001/),
        },
        Name: 'Acme',
        Owner: { attributes: { type: 'User', url: expect.any(String) }, Alias: 'admin' },
      },
    });
    expect(rows(org, me, "SELECT Account.Name FROM Contact WHERE LastName = 'Écho'")[0]!.Account).toBeNull();
  });

  it('answers child subqueries, null where there are no children', () => {
    const answer = rows(
      org,
      me,
      'SELECT Name, (SELECT Name, Total__c FROM Invoices__r WHERE Total__c > 5 ORDER BY Name DESC LIMIT 1), (SELECT LastName FROM Contacts) FROM Account ORDER BY Name',
    );
    expect(answer[0]!.Invoices__r).toMatchObject({
      totalSize: 1,
      done: true,
      records: [{ Name: 'I-2', Total__c: 20 }],
    });
    expect(answer[0]!.Contacts).toMatchObject({
      totalSize: 2,
      records: [{ LastName: 'Alpha' }, { LastName: 'beta' }],
    });
    expect(answer[1]!.Invoices__r).toBeNull();
  });

  it('gives compound addresses as objects, null where every part is', () => {
    org.transaction(() => {
      create(org, me, { LastName: 'Addressed', MailingCity: 'Rome', MailingLatitude: 41.9 });
      const [row] = rows(
        org,
        me,
        "SELECT MailingAddress, OtherAddress FROM Contact WHERE LastName = 'Addressed'",
      );
      expect(row!.MailingAddress).toEqual({
        city: 'Rome',
        country: null,
        geocodeAccuracy: null,
        latitude: 41.9,
        longitude: null,
        postalCode: null,
        state: null,
        street: null,
      });
      expect(row!.OtherAddress).toBeNull();
      const id = rows(org, me, "SELECT Id FROM Contact WHERE LastName = 'Addressed'")[0]!.Id as string;
      org.control.purge([id]);
    });
  });

  it('FIELDS(STANDARD) without a LIMIT, FIELDS(ALL) and FIELDS(CUSTOM) with one of at most 200', () => {
    expect(rows(org, me, 'SELECT FIELDS(STANDARD) FROM Contact LIMIT 1')[0]).not.toHaveProperty('Visits__c');
    expect(rows(org, me, 'SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1')[0]).toHaveProperty('Visits__c');
    expect(rows(org, me, 'SELECT FIELDS(ALL) FROM Contact LIMIT 200')).toHaveLength(5);
    expect(faultOf(() => rows(org, me, 'SELECT FIELDS(ALL) FROM Contact'))).toMatch(
      /^MALFORMED_QUERY: .*LIMIT of at most 200/,
    );
    expect(faultOf(() => rows(org, me, 'SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201'))).toMatch(
      /^MALFORMED_QUERY/,
    );
  });

  it('FORMAT and toLabel', () => {
    const [row] = rows(
      org,
      me,
      "SELECT FORMAT(CreatedDate) made, toLabel(LeadSource), FORMAT(Lifetime_Value__c) v FROM Contact WHERE LastName = '50%_done'",
    );
    expect(row).toMatchObject({ made: '6/16/2026, 12:30 PM', LeadSource: 'Web', v: 'USD 12.50' });
  });

  it('TYPEOF takes the branch of the object', () => {
    const [row] = rows(org, me, 'SELECT TYPEOF Owner WHEN User THEN Alias ELSE Id END FROM Contact LIMIT 1');
    expect(row!.Owner).toMatchObject({ Alias: 'admin' });
  });

  it('more fields than one SQLite function takes', async () => {
    const wide = await testOrg({ customFields: 450 });
    create(wide.org, wide.me, { LastName: 'Wide', Custom_450__c: 'last' });
    const [row] = rows(wide.org, wide.me, 'SELECT FIELDS(ALL) FROM Contact LIMIT 1');
    expect(Object.keys(row!)).toHaveLength(1 + wide.org.describe(wide.me, 'Contact').document.fields.length);
    expect(row).toMatchObject({ LastName: 'Wide', Custom_450__c: 'last', Newsletter__c: false });
    wide.org.close();
  });
});

describe('SOQL aggregates', () => {
  it('COUNT() has a size and no rows, and heeds LIMIT', () => {
    const count = (soql: string) => org.query(me, soql, V);
    expect(count('SELECT COUNT() FROM Contact')).toMatchObject({ kind: 'count', totalSize: 5 });
    expect(count('SELECT count() FROM Contact WHERE Account.Name != null LIMIT 2').totalSize).toBe(2);
    expect(count('SELECT COUNT() FROM Contact').records(0, 10)).toEqual([]);
  });

  it('names columns by alias or expr0, expr1, …, and formats values by their fields', () => {
    expect(
      rows(
        org,
        me,
        'SELECT COUNT(Id), COUNT(Email) e, COUNT_DISTINCT(AccountId), SUM(Visits__c), AVG(Visits__c), MIN(CreatedDate), MAX(LastName) FROM Contact',
      ),
    ).toEqual([
      {
        attributes: { type: 'AggregateResult' },
        expr0: 5,
        e: 1,
        expr1: 2,
        expr2: 3,
        expr3: 1.5,
        expr4: '2025-05-13T12:30:15.000+0000',
        expr5: 'Écho',
      },
    ]);
  });

  it('GROUP BY, HAVING and ORDER BY of an aggregate', () => {
    const grouped = 'SELECT LeadSource, COUNT(Id) n FROM Contact GROUP BY LeadSource';
    expect(
      rows(org, me, `${grouped} HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC, LeadSource`),
    ).toMatchObject([
      { LeadSource: null, n: 2 },
      { LeadSource: 'Web', n: 2 },
    ]);
    expect(rows(org, me, `${grouped} HAVING LeadSource LIKE 'O%'`)).toMatchObject([
      { LeadSource: 'Other', n: 1 },
    ]);
  });

  it('groups by a parent field and by a date function', () => {
    expect(
      rows(
        org,
        me,
        'SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name ORDER BY Account.Name NULLS LAST',
      ),
    ).toMatchObject([
      { Name: 'Acme', expr0: 2 },
      { Name: 'Globex', expr0: 1 },
      { Name: null, expr0: 2 },
    ]);
    expect(
      rows(
        org,
        me,
        'SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate)',
      ),
    ).toMatchObject([
      { expr0: 2025, expr1: 1 },
      { expr0: 2026, expr1: 4 },
    ]);
  });
});

/** [the rule, the query, the error's code, what its message holds] */
const FAULTS: [string, string, string, string][] = [
  ['no query at all', '', 'MALFORMED_QUERY', 'unexpected token'],
  ['not SELECT', 'SELEC Id FROM Contact', 'MALFORMED_QUERY', "unexpected token: 'SELEC'"],
  [
    'a character SOQL does not know',
    'SELECT Id FROM Contact WHERE Name = "x"',
    'MALFORMED_QUERY',
    'ERROR at Row:1:Column:37',
  ],
  ['a missing parenthesis', "SELECT Id FROM Contact WHERE (Name = 'x'", 'MALFORMED_QUERY', ''],
  [
    'a semi-join within a semi-join',
    'SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity))',
    'MALFORMED_QUERY',
    'Nesting of semi join sub-selects is not supported',
  ],
  [
    'NOT before a semi-join',
    'SELECT Id FROM Contact WHERE (NOT AccountId IN (SELECT Id FROM Account))',
    'MALFORMED_QUERY',
    "not allowed with the 'NOT' operator",
  ],
  [
    'a relationship left of a semi-join',
    'SELECT Id FROM Contact WHERE Account.Id IN (SELECT AccountId FROM Opportunity)',
    'MALFORMED_QUERY',
    "left operand 'Account.Id'",
  ],
  [
    'ALL ROWS, which is for Apex alone',
    'SELECT Id FROM Contact ALL ROWS',
    'MALFORMED_QUERY',
    'ALL ROWS not allowed in this context',
  ],
  [
    'a backslash before any other character',
    String.raw`SELECT Id FROM Contact WHERE LastName = 'C:\x'`,
    'MALFORMED_QUERY',
    String.raw`Illegal character sequence '\x' in string literal`,
  ],
  [
    'a backslash before any other character in a LIKE',
    String.raw`SELECT Id FROM Contact WHERE LastName LIKE '\d%'`,
    'MALFORMED_QUERY',
    String.raw`Illegal character sequence '\d' in string literal`,
  ],
  [
    'an escaped percent sign outside of LIKE',
    String.raw`SELECT Id FROM Contact WHERE LastName = '50\%'`,
    'MALFORMED_QUERY',
    'Illegal character sequence',
  ],
  [
    'a unicode escape of fewer than four digits',
    String.raw`SELECT Id FROM Contact WHERE LastName = '\u41'`,
    'MALFORMED_QUERY',
    'Illegal character sequence',
  ],
  ['a trailing comma', 'SELECT Id, FROM Contact', 'MALFORMED_QUERY', ''],
  [
    'AND and OR without parentheses',
    "SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
    'MALFORMED_QUERY',
    "unexpected token: 'OR'",
  ],
  ['an unknown object', 'SELECT Id FROM Nothing', 'INVALID_TYPE', "sObject type 'Nothing' is not supported."],
  [
    'an unknown field',
    'SELECT Id, Nope FROM Contact',
    'INVALID_FIELD',
    "\nSELECT Id, Nope FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Nope' on entity 'Contact'.",
  ],
  [
    'an unknown field in WHERE',
    "SELECT Id FROM Contact WHERE Nope = 'x'",
    'INVALID_FIELD',
    'Row:1:Column:30',
  ],
  [
    'an unknown relationship',
    'SELECT Nope.Name FROM Contact',
    'INVALID_FIELD',
    "Didn't understand relationship 'Nope' in field path.",
  ],
  [
    'an unknown child relationship',
    'SELECT (SELECT Id FROM Nopes) FROM Account',
    'INVALID_TYPE',
    "Didn't understand relationship 'Nopes' in FROM part of query call.",
  ],
  [
    'a field twice',
    'SELECT Name, Id, Name FROM Contact',
    'MALFORMED_QUERY',
    'duplicate field selected: Name',
  ],
  [
    'an alias without aggregation',
    'SELECT Name n FROM Contact',
    'MALFORMED_QUERY',
    'only aggregate expressions use field aliasing',
  ],
  [
    'a string for a number',
    "SELECT Id FROM Contact WHERE Visits__c = '1'",
    'INVALID_FIELD',
    "value of filter criterion for field 'Visits__c' must be of type double and should not be enclosed in quotes",
  ],
  [
    'a string for a datetime',
    "SELECT Id FROM Contact WHERE CreatedDate > '2020-01-01'",
    'INVALID_FIELD',
    "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
  ],
  [
    'a date for a datetime',
    'SELECT Id FROM Contact WHERE CreatedDate > 2020-01-01',
    'INVALID_FIELD',
    'must be of type dateTime',
  ],
  [
    'a datetime for a date',
    'SELECT Id FROM Contact WHERE Birthdate > 2020-01-01T00:00:00Z',
    'INVALID_FIELD',
    'must be of type date and should not',
  ],
  [
    'a number for a string',
    'SELECT Id FROM Contact WHERE LastName = 5',
    'INVALID_FIELD',
    'must be of type string and should be enclosed in quotes',
  ],
  [
    'a string for a boolean',
    "SELECT Id FROM Contact WHERE Newsletter__c = 'true'",
    'INVALID_FIELD',
    'must be of type boolean',
  ],
  [
    'an invalid id',
    "SELECT Id FROM Contact WHERE Id = 'abc'",
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid ID field: abc',
  ],
  ['a day that does not exist', 'SELECT Id FROM Contact WHERE Birthdate = 2020-02-30', 'MALFORMED_QUERY', ''],
  [
    'LIKE on a datetime',
    "SELECT Id FROM Contact WHERE CreatedDate LIKE '2020%'",
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid operator on datetime field',
  ],
  [
    'LIKE on an id',
    "SELECT Id FROM Contact WHERE Id LIKE '003%'",
    'INVALID_QUERY_FILTER_OPERATOR',
    'invalid operator on id field',
  ],
  [
    'INCLUDES on a picklist',
    "SELECT Id FROM Contact WHERE LeadSource INCLUDES ('Web')",
    'INVALID_QUERY_FILTER_OPERATOR',
    'multipicklist',
  ],
  [
    'a long text in WHERE',
    "SELECT Id FROM Contact WHERE Description LIKE 'x%'",
    'INVALID_FIELD',
    "field 'Description' can not be filtered in a query call",
  ],
  [
    'a long text in ORDER BY',
    'SELECT Id FROM Contact ORDER BY Description',
    'INVALID_FIELD',
    "field 'Description' can not be sorted in a query call",
  ],
  [
    'an address in WHERE',
    "SELECT Id FROM Contact WHERE MailingAddress = 'x'",
    'INVALID_FIELD',
    'Address fields can only be filtered',
  ],
  [
    'grouping by a long text',
    'SELECT Description FROM Contact GROUP BY Description',
    'MALFORMED_QUERY',
    "field 'Description' can not be grouped in a query call",
  ],
  [
    'a field neither grouped nor aggregated',
    'SELECT LastName, COUNT(Id) FROM Contact',
    'MALFORMED_QUERY',
    'Field must be grouped or aggregated: LastName',
  ],
  [
    'SUM of a text',
    'SELECT SUM(LastName) FROM Contact',
    'MALFORMED_QUERY',
    'does not support aggregate operator SUM',
  ],
  [
    'an aggregate in WHERE',
    'SELECT Id FROM Contact WHERE COUNT(Id) > 1',
    'MALFORMED_QUERY',
    'not allowed in WHERE',
  ],
  ['COUNT() among fields', 'SELECT COUNT(), Id FROM Contact', 'MALFORMED_QUERY', ''],
  [
    'GROUP BY ROLLUP, which the emulator does not know',
    'SELECT LeadSource, COUNT(Id) FROM Contact GROUP BY ROLLUP(LeadSource)',
    'MALFORMED_QUERY',
    '',
  ],
  [
    'a semi-join under OR',
    "SELECT Id FROM Contact WHERE Name = 'x' OR AccountId IN (SELECT Id FROM Account)",
    'MALFORMED_QUERY',
    "not allowed with the 'OR' operator",
  ],
  [
    'a semi-join on the same object',
    'SELECT Id FROM Contact WHERE Id IN (SELECT ReportsToId FROM Contact)',
    'MALFORMED_QUERY',
    'should not be on the same object type',
  ],
  [
    'a semi-join of a text',
    'SELECT Id FROM Contact WHERE AccountId IN (SELECT Name FROM Account)',
    'MALFORMED_QUERY',
    'must be an id or reference',
  ],
  [
    'OFFSET over 2,000',
    'SELECT Id FROM Contact LIMIT 1 OFFSET 2001',
    'NUMBER_OUTSIDE_VALID_RANGE',
    'Maximum SOQL offset allowed is 2000',
  ],
  [
    'six parents up',
    'SELECT ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.ReportsTo.Name FROM Contact',
    'MALFORMED_QUERY',
    '5 levels',
  ],
];

describe('SOQL refusals', () => {
  it.each(FAULTS)('%s', (_rule, soql, code, text) => {
    const fault = faultOf(() => rows(org, me, soql));
    expect(fault.slice(0, fault.indexOf(':'))).toBe(code);
    expect(fault).toContain(text);
  });

  it('shows the text around the place in a long query, with the column of the whole', () => {
    const fields = 'Id, LastName, FirstName, Email, Phone, MobilePhone, Title, Department, Nope, Fax';
    expect(faultOf(() => rows(org, me, `SELECT ${fields} FROM Contact`))).toContain(
      [
        '',
        'Email, Phone, MobilePhone, Title, Department, Nope, Fax FROM Contact',
        `${' '.repeat(46)}^`,
        'ERROR at Row:1:Column:79',
        "No such column 'Nope'",
      ].join('\n'),
    );
  });

  it('points at the right row of a query of several lines', () => {
    expect(faultOf(() => rows(org, me, 'SELECT Id,\n  Nope\nFROM Contact'))).toContain(
      'ERROR at Row:2:Column:3',
    );
  });

  it('refuses more than 2,000 aggregated rows (restforce #726)', async () => {
    const many = await testOrg({ contacts: 2100 });
    expect(
      faultOf(() => rows(many.org, many.me, 'SELECT Id, COUNT(LastName) FROM Contact GROUP BY Id')),
    ).toMatch(/^EXCEEDED_ID_LIMIT: Aggregate query does not support queryMore\(\)/);
    many.org.close();
  });
});
