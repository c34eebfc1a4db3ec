import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultOf, rows, testOrg, V } from '../org/org-fixture.ts';
import type { RunningEmulator } from '../running-emulator.ts';
import { runEmulator } from '../running-emulator.ts';

const task = {
  name: 'Task',
  keyPrefix: '00T',
  fields: [
    { name: 'Subject', type: 'string' },
    { name: 'WhoId', type: 'reference', referenceTo: ['Contact', 'Lead'], relationshipName: 'Who' },
    { name: 'WhatId', type: 'reference', referenceTo: ['Account', 'Opportunity'], relationshipName: 'What' },
  ],
};

describe('SOQL that this org does not have is refused as such', () => {
  it.each([
    ["SELECT Id, DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'mi') FROM Contact", 'DISTANCE()'],
    ["SELECT Id FROM Contact WHERE DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'mi') < 20", 'DISTANCE()'],
    ["SELECT Id FROM Contact ORDER BY distance(MailingAddress, GEOLOCATION(1, 2), 'km')", 'DISTANCE()'],
    ['SELECT Title, COUNT(Id) FROM Contact GROUP BY ROLLUP(Title, Department)', 'ROLLUP()'],
    ['SELECT Title, COUNT(Id) FROM Contact GROUP BY CUBE(Title)', 'CUBE()'],
    ['SELECT GROUPING(Title) g, COUNT(Id) FROM Contact GROUP BY Title', 'GROUPING()'],
    ['SELECT Title, COUNT(Id) FROM Contact GROUP BY Title HAVING GROUPING(Title) = 1', 'GROUPING()'],
    [
      "SELECT (SELECT Id FROM Contacts ORDER BY DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'mi')) FROM Account",
      'DISTANCE()',
    ],
    ['SELECT What.Name FROM Task', 'polymorphic relationship What (Account, Opportunity)'],
    ['SELECT What.Type FROM Task', 'polymorphic relationship What'],
    ["SELECT Id FROM Task WHERE What.Type = 'Account'", 'polymorphic relationship What'],
    ['SELECT Id FROM Task ORDER BY What.Name', 'polymorphic relationship What'],
    ['SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task', 'polymorphic relationship What'],
    ['SELECT Who.Type FROM Task', 'polymorphic relationship Who'],
    ["SELECT Id FROM Contact c, c.Account a WHERE a.Name = 'x'", 'FROM of several objects'],
    ['SELECT FORMAT(MIN(CreatedDate)) FROM Contact', 'FORMAT() of a function'],
  ])('%s', async (soql, what) => {
    const { org, me } = await testOrg({ objects: [task] });
    const fault = faultOf(() => org.query(me, soql, V));
    expect(fault).toMatch(/^MALFORMED_QUERY: /);
    expect(fault).toContain(what);
    expect(fault).toContain('is not supported by this emulator');
    expect(fault).toMatch(/ERROR at Row:1:Column:\d+/);
    org.close();
  });

  it('a polymorphic reference whose other targets are not in the org can be followed, by TYPEOF too', async () => {
    const { org, me } = await testOrg({ contacts: 3, objects: [task] });
    const [contact] = rows(org, me, 'SELECT Id, Name FROM Contact');
    org.create(me, [{ object: 'Task', fields: { Subject: 'Call', WhoId: contact?.Id } }]);
    expect(rows(org, me, 'SELECT Who.Name FROM Task')).toMatchObject([{ Who: { Name: contact?.Name } }]);
    const typed = rows(org, me, 'SELECT TYPEOF Who WHEN Contact THEN LastName ELSE Id END FROM Task');
    expect(typed[0]?.Who).toHaveProperty('LastName');
    org.close();
  });

  it('toLabel in a condition and convertCurrency inside FORMAT are there', async () => {
    const { org, me } = await testOrg({ contacts: 50 });
    const plain = rows(org, me, "SELECT Id FROM Contact WHERE LeadSource = 'Web'");
    expect(plain.length).toBeGreaterThan(0);
    expect(rows(org, me, "SELECT Id FROM Contact WHERE toLabel(LeadSource) = 'Web'")).toEqual(plain);
    expect(
      rows(org, me, 'SELECT FORMAT(convertCurrency(Amount)) FROM Opportunity WHERE Amount != null')[0]
        ?.Amount,
    ).toMatch(/\d/);
    org.close();
  });
});

describe('resources that this org does not have', () => {
  let org: RunningEmulator;

  beforeAll(async () => {
    org = await runEmulator({ contacts: 1 });
  });
  afterAll(() => org[Symbol.asyncDispose]());

  it.each([
    '/tooling/query?q=SELECT+Id+FROM+ApexClass',
    '/graphql',
    '/chatter/users/me',
    '/analytics/reports',
    '/actions/standard',
    '/tabs',
    '/ui-api/object-info/Contact',
    '/search/layout?q=Contact',
    '/sobjects/Contact/describe/layouts',
    '/sobjects/Contact/listviews',
    '/jobs/dataloader',
  ])('%s is 404 and says so', async (path) => {
    const { status, body } = await org.api<{ errorCode: string; message: string }[]>(path);
    expect([status, body[0]?.errorCode]).toEqual([404, 'NOT_FOUND']);
    expect(body[0]?.message).toContain('not supported by this emulator');
  });

  it('what Salesforce does not have either is 404 in its words alone', async () => {
    const { status, body } = await org.api<{ message: string }[]>('/nonsense');
    expect([status, body[0]?.message]).toEqual([404, 'The requested resource does not exist']);
  });
});
