import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface Described {
  name: string;
  fields: (Json & { name: string; type: string })[];
  urls: Record<string, string>;
}

// Sources: REST API Developer Guide (Describe Global, sObject Describe, sObject Basic Information, Recently Viewed
// Items, Search, Parameterized Search).
describe('describe, recent and search', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const contact = () => org.api<Described>('/sobjects/Contact/describe');

  it('lists objects with encoding and maxBatchSize 200', async () => {
    const { body } = await org.api<{ encoding: string; maxBatchSize: number; sobjects: Json[] }>('/sobjects');
    expect([body.encoding, body.maxBatchSize]).toEqual(['UTF-8', 200]);
    const names = body.sobjects.map((s) => s.name);
    for (const name of ['Account', 'Contact', 'Opportunity', 'Organization', 'User'])
      expect(names).toContain(name);
    expect(body.sobjects.find((s) => s.name === 'Contact')).toMatchObject({
      keyPrefix: '003',
      queryable: true,
      replicateable: true,
      urls: { describe: '/services/data/v62.0/sobjects/Contact/describe' },
    });
  });

  it('describes fields with types, compound fields and their components', async () => {
    const { body } = await contact();
    const field = (name: string) => body.fields.find((f) => f.name === name);
    expect(field('LastName')).toMatchObject({
      type: 'string',
      length: 80,
      nillable: false,
      createable: true,
    });
    expect(field('MailingAddress')).toMatchObject({ type: 'address' });
    expect(field('MailingCity')).toMatchObject({ compoundFieldName: 'MailingAddress' });
    expect(field('AccountId')).toMatchObject({
      type: 'reference',
      referenceTo: ['Account'],
      relationshipName: 'Account',
    });
    expect(field('SystemModstamp')).toMatchObject({ type: 'datetime', createable: false, updateable: false });
    expect(body.urls.sobject).toBe('/services/data/v62.0/sobjects/Contact');
  });

  it('answers 304 where nothing changed since If-Modified-Since, and 200 after a change of schema', async () => {
    const first = await contact();
    const modified = first.headers.get('last-modified') ?? '';
    const same = await org.api('/sobjects/Contact/describe', { headers: { 'if-modified-since': modified } });
    expect([same.status, same.text]).toEqual([304, '']);
    await org.control('clock', { advanceMs: 10_000 });
    await org.control('settings', { hiddenFields: ['Title'] });
    const changed = await org.api<Described>('/sobjects/Contact/describe', {
      headers: { 'if-modified-since': modified },
    });
    expect(changed.status).toBe(200);
    expect(changed.body.fields.map((f) => f.name)).not.toContain('Title');
    const row = await org.api<Json[]>(`/query?q=${encodeURIComponent('SELECT Title FROM Contact')}`);
    expect([row.status, row.body[0]?.errorCode]).toEqual([400, 'INVALID_FIELD']);
    await org.control('settings', { hiddenFields: [] });
    expect((await contact()).body.fields.map((f) => f.name)).toContain('Title');
  });

  it('shows a field that is added at run time, and forgets it when it is removed', async () => {
    await org.control('settings', { addFields: [{ name: 'Extra__c', type: 'string', length: 40 }] });
    expect((await contact()).body.fields.find((f) => f.name === 'Extra__c')).toMatchObject({ custom: true });
    const created = await org.api('/sobjects/Contact', { json: { LastName: 'x', Extra__c: 'y' } });
    expect(created.status).toBe(201);
    await org.control('settings', { removeFields: ['Extra__c'] });
    expect((await contact()).body.fields.map((f) => f.name)).not.toContain('Extra__c');
  });

  it('gives basic information with recent items', async () => {
    // Recency is counted in seconds.
    await org.control('clock', { advanceMs: 2_000 });
    const created = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Recent' } });
    const { body } = await org.api<{ objectDescribe: Json; recentItems: Json[] }>('/sobjects/Contact');
    expect(body.objectDescribe).toMatchObject({ name: 'Contact', keyPrefix: '003' });
    expect(JSON.stringify(body.recentItems)).toContain(created.body.id);
    const recent = await org.api<Json[]>('/recent?limit=1');
    expect(recent.body).toHaveLength(1);
    expect(recent.body[0]).toMatchObject({ Id: created.body.id });
  });

  it('answers unknown objects with 404 NOT_FOUND', async () => {
    for (const path of ['/sobjects/Nope', '/sobjects/Nope/describe']) {
      const { status, body } = await org.api<Json[]>(path);
      expect([status, body[0]?.errorCode]).toEqual([404, 'NOT_FOUND']);
    }
  });

  it('takes limits of an object and of all in a parameterized search (Parameterized Search)', async () => {
    const LastName = org.unused('Zephyrine');
    for (let n = 0; n < 3; n++) await org.api('/sobjects/Contact', { json: { LastName } });
    const found = async (query: string) =>
      (await org.api<{ searchRecords: Json[] }>(`/parameterizedSearch?q=${LastName}&sobject=Contact${query}`))
        .body.searchRecords.length;
    expect(await found('')).toBe(3);
    expect(await found('&Contact.limit=2')).toBe(2);
    expect(await found('&defaultLimit=1')).toBe(1);
    const posted = await org.api<{ searchRecords: Json[] }>('/parameterizedSearch', {
      json: { q: LastName, sobjects: [{ name: 'Contact', fields: ['Id'], limit: 2 }] },
    });
    expect(posted.body.searchRecords).toHaveLength(2);
  });

  it('answers a search as a list before version 37, and as searchRecords from it on (Search for a String)', async () => {
    const LastName = org.unused('Versionson');
    await org.api('/sobjects/Contact', { json: { LastName } });
    const path = `/search?q=${encodeURIComponent(`FIND {${LastName}} RETURNING Contact(LastName)`)}`;
    expect((await org.api<Json[]>(path, { version: '36.0' })).body).toMatchObject([{ LastName }]);
    expect((await org.api(path, { version: '37.0' })).body).toMatchObject({
      searchRecords: [{ LastName }],
    });
  });

  it('searches all fields in a parameterized search unless it says which (Parameterized Search, in)', async () => {
    const word = org.unused('parametra');
    const Email = `${word}@example.org`;
    await org.api('/sobjects/Contact', { json: { LastName: 'P1', Email, Title: 'A' } });
    await org.api('/sobjects/Contact', { json: { LastName: 'P2', Email, Title: 'B' } });
    const names = async (more: string) => {
      const path = `/parameterizedSearch?q=${word}&sobject=Contact&Contact.fields=LastName&${more}`;
      const { status, body } = await org.api<{ searchRecords: Json[] }>(path);
      return status === 200 ? body.searchRecords.map((row) => row.LastName) : status;
    };
    expect(await names('')).toEqual(['P1', 'P2']);
    expect(await names('in=NAME')).toEqual([]);
    expect(await names('in=EMAIL')).toEqual(['P1', 'P2']);
    expect(await names('in=NOWHERE')).toBe(400);
    expect(await names(`Contact.where=${encodeURIComponent("Title = 'B'")}`)).toEqual(['P2']);
    const posted = await org.api<{ searchRecords: Json[] }>('/parameterizedSearch', {
      json: {
        q: word,
        in: 'ALL',
        sobjects: [
          { name: 'Contact', fields: ['LastName'], where: "Title != 'C'", orderBy: 'LastName DESC' },
        ],
      },
    });
    expect(posted.body.searchRecords.map((row) => row.LastName)).toEqual(['P2', 'P1']);
    const unknown = await org.api<Json[]>('/parameterizedSearch?q=parametra&sobject=No%20pe');
    expect([unknown.status, unknown.body[0]?.errorCode]).toEqual([400, 'INVALID_TYPE']);
  });

  it('finds names by SOSL and by parameterized search', async () => {
    const LastName = org.unused('Quartermain');
    const created = await org.api<{ id: string }>('/sobjects/Contact', {
      json: { FirstName: 'Zebulon', LastName },
    });
    const sosl = `FIND {${LastName}} IN NAME FIELDS RETURNING Contact(Id, LastName)`;
    const found = await org.api<{ searchRecords: Json[] }>(`/search?q=${encodeURIComponent(sosl)}`);
    expect(found.body.searchRecords).toEqual([
      {
        attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${created.body.id}` },
        Id: created.body.id,
        LastName,
      },
    ]);
    const byGet = await org.api<{ searchRecords: Json[] }>(
      `/parameterizedSearch?q=${LastName}&sobject=Contact&Contact.fields=Id,LastName`,
    );
    expect(byGet.body.searchRecords).toEqual(found.body.searchRecords);
    const byPost = await org.api<{ searchRecords: Json[] }>('/parameterizedSearch', {
      json: { q: LastName, sobjects: [{ name: 'Contact', fields: ['Id', 'LastName'] }] },
    });
    expect(byPost.body.searchRecords).toEqual(found.body.searchRecords);
  });
});
