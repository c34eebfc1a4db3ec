import { describe, expect, it } from 'vitest';
import { codes, create, faultOf, NOW, rows, testOrg, V } from './org-fixture.ts';

const format = { columnDelimiter: 'COMMA', lineEnding: 'LF', all: false } as const;

describe('a field that is removed while something still holds it', () => {
  it('an open transaction that sets it commits without it, and every later call works', async () => {
    const { org, me } = await testOrg({ contacts: 5 });
    const [id] = org.control.openTransaction({ touch: { count: 1, set: { Fax: '1', Title: 'Held' } } }).ids;
    org.control.openTransaction({ create: { count: 3 } });
    org.control.change({ removeFields: ['Fax', 'Newsletter__c'] });
    expect(org.control.commit().ids).toHaveLength(4);
    expect(rows(org, me, `SELECT Title FROM Contact WHERE Id = '${id}'`)).toMatchObject([{ Title: 'Held' }]);
    expect(org.control.counts()).toMatchObject({ live: 8, openTransactions: 0 });
    org.close();
  });

  it('a field of its name that comes back with another type does not get its value', async () => {
    const { org, me } = await testOrg({ contacts: 2 });
    const [id] = org.control.openTransaction({ touch: { count: 1, set: { Fax: 'text' } } }).ids;
    org.control.change({ removeFields: ['Fax'] });
    org.control.change({ addFields: [{ name: 'Fax', type: 'int' } as never] });
    org.control.commit();
    expect(rows(org, me, `SELECT Fax FROM Contact WHERE Id = '${id}'`)).toMatchObject([{ Fax: null }]);
    org.close();
  });

  it('a write that commits late does so without it', async () => {
    let now = NOW;
    const { org, me } = await testOrg({ contacts: 0, wallClock: () => now });
    org.control.change({ commitLagMs: 5_000 });
    const id = create(org, me, { LastName: 'Late', Fax: '1' });
    org.update(me, [{ object: 'Contact', fields: { Id: id, Fax: '2', Title: 'T' } }]);
    org.control.change({ removeFields: ['Fax'] });
    now += 10_000;
    expect(rows(org, me, 'SELECT LastName, Title FROM Contact')).toMatchObject([
      { LastName: 'Late', Title: 'T' },
    ]);
    org.close();
  });

  it('a held merge and a held undelete do so without it', async () => {
    const { org, me } = await testOrg({ contacts: 6 });
    const [gone] = org.control.delete({ count: 1 });
    org.control.change({ removeFields: ['MasterRecordId', 'LastActivityDate'] });
    const [master, loser] = rows(org, me, 'SELECT Id FROM Contact').map((row) => String(row.Id));
    expect(codes([org.merge(me, { master: master!, losers: [loser!] })])).toEqual(['ok']);
    org.control.openTransaction({ undelete: { ids: [gone!] } });
    org.control.change({ removeFields: ['Fax'] });
    org.control.commit();
    expect(rows(org, me, 'SELECT Id FROM Contact')).toHaveLength(5);
    org.close();
  });

  it('an open query cursor ends in a refusal of Salesforce’s, not in an internal error', async () => {
    const { org, me } = await testOrg({ contacts: 30, customFields: 0 });
    const cursor = org.query(me, 'SELECT Id, Fax, Account.Name FROM Contact', V);
    cursor.page(0, 10);
    const other = org.query(me, 'SELECT Id FROM Contact', V);
    org.control.change({ removeFields: ['Fax'] });
    expect(faultOf(() => cursor.page(10, 10))).toMatch(/^INVALID_QUERY_LOCATOR: /);
    expect(other.page(10, 10).rows).toBe(10);
    const parents = org.query(me, 'SELECT Id, Account.Name FROM Contact', V);
    org.control.change({ removeFields: ['AccountId'] });
    expect(faultOf(() => parents.page(0, 10))).toMatch(/^INVALID_QUERY_LOCATOR: /);
    org.close();
  });

  it('a bulk job under way fails in Salesforce’s words', async () => {
    const { org, me } = await testOrg({ contacts: 20_000 });
    const running = org.bulkQuery(me, 'SELECT Id, Fax FROM Contact', format);
    org.control.change({ removeFields: ['Fax'] });
    await expect(running).rejects.toMatchObject({
      errorCode: 'INVALID_FIELD',
      message: expect.stringContaining('Fax'),
    });
    const { rows: count } = await org.bulkQuery(me, 'SELECT Id FROM Contact', format);
    expect(count).toBe(20_000);
    org.close();
  });

  it('a duplicate rule, a validation rule or a formula that uses it keeps it', async () => {
    const { org, me } = await testOrg({ contacts: 3 });
    org.control.change({ duplicateRules: [{ name: 'Same fax', matchFields: ['Fax'] }] });
    expect(faultOf(() => org.control.change({ removeFields: ['Fax'] }))).toContain('Same fax');
    org.control.change({
      duplicateRules: [],
      validationRules: [{ name: 'V', condition: 'Fax = null', message: 'm' }],
    });
    expect(faultOf(() => org.control.change({ removeFields: ['fax'] }))).toContain('V');
    expect(faultOf(() => org.control.change({ removeFields: ['AccountId'] }))).toContain('Account_Label__c');
    expect(codes(org.create(me, [{ object: 'Contact', fields: { LastName: 'A', Fax: '1' } }]))).toEqual([
      'ok',
    ]);
    org.close();
  });
});

describe('a field that is hidden while a transaction sets it', () => {
  it('has the value when it is shown again', async () => {
    const { org, me } = await testOrg({ contacts: 2 });
    const [id] = org.control.openTransaction({ touch: { count: 1, set: { Fax: '555' } } }).ids;
    org.control.change({ hiddenFields: ['Fax'] });
    org.control.commit();
    org.control.change({ hiddenFields: [] });
    expect(rows(org, me, `SELECT Fax FROM Contact WHERE Id = '${id}'`)).toMatchObject([{ Fax: '555' }]);
    org.close();
  });
});
