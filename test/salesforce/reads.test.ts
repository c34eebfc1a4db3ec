import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { connected, failure, secretToken } from './connected.ts';

const date = { date: 'Sat, 31 Jan 2026 12:00:30 GMT' };
const noon = Date.parse('2026-01-31T12:00:30Z');
const window = { start: Date.parse('2011-08-11T06:51:00Z'), end: Date.parse('2011-08-12T08:17:59.999Z') };

/** An answer without a Date header. */
const timeless = (body: string) => (_: unknown, response: ServerResponse) => {
  response.sendDate = false;
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
};

it('does not believe a query that ends with fewer records than it has', async () => {
  await using c = await connected();
  c.org.script({ headers: date, body: { totalSize: 2, done: true, records: [{ Id: '003A' }] } });
  await expect(c.remote.queries.all('SELECT Id FROM Contact', { deleted: true })).rejects.toMatchObject({
    code: 'SALESFORCE_ERROR',
  });
});

describe('updated and deleted', () => {
  it('ask in the documented date format and read the answer', async () => {
    await using c = await connected();
    c.org.script({
      headers: date,
      body: {
        ids: ['003000000000001AAA', '003000000000002AAA'],
        latestDateCovered: '2011-08-12T08:17:00.000+0000',
      },
    });
    const answer = await c.remote.of(contact).changes.updated(window);
    expect(c.org.seen[0]?.url).toBe(
      '/services/data/v62.0/sobjects/Contact/updated?start=2011-08-11T06%3A51%3A00%2B00%3A00&end=2011-08-12T08%3A17%3A59%2B00%3A00',
    );
    expect(answer).toMatchObject({
      ids: ['003000000000001AAA', '003000000000002AAA'],
      latestDateCovered: Date.parse('2011-08-12T08:17:00Z'),
      answeredAt: noon,
    });
    expect(answer.durationMs).toBeGreaterThan(0);
    expect(answer.readAt).toBeLessThanOrEqual(noon);
    expect(answer.readAt).toBeGreaterThan(noon - 60_000);
  });

  it('read what is gone and how far back the log reaches', async () => {
    await using c = await connected();
    c.org.script({
      headers: date,
      body: {
        deletedRecords: [{ id: '003000000000001AAA', deletedDate: '2011-08-11T10:00:00.000+0000' }],
        earliestDateAvailable: '2011-08-01T00:00:00.000+0000',
        latestDateCovered: null,
      },
    });
    expect(await c.remote.of(contact).changes.deleted(window)).toMatchObject({
      records: [{ id: '003000000000001AAA', deletedDate: '2011-08-11T10:00:00.000+0000' }],
      earliestDateAvailable: Date.parse('2011-08-01T00:00:00Z'),
      latestDateCovered: null,
      answeredAt: noon,
    });
  });

  it('name each contact as its row does, by 18 characters', async () => {
    await using c = await connected();
    const [short, full] = ['003D000000QV9n2', '003D000000QV9n2IAD'];
    const deletedRecords = [{ id: short, deletedDate: '2011-08-11T10:00:00.000+0000' }];
    c.org.script(
      { headers: date, body: { ids: [short, full] } },
      { headers: date, body: { deletedRecords } },
    );
    expect((await c.remote.of(contact).changes.updated(window)).ids).toEqual([full, full]);
    expect((await c.remote.of(contact).changes.deleted(window)).records).toMatchObject([{ id: full }]);
  });

  it('are not believed without a Date, from which the cursor is kept back, or without ids', async () => {
    await using c = await connected();
    c.org.script(
      { body: { totalSize: 1, done: true, records: [] } },
      timeless('{"ids":[],"latestDateCovered":null}'),
    );
    await c.remote.of(contact).count(null);
    const error = await failure(c.remote.of(contact).changes.updated(window));
    expect(error).toMatchObject({ code: 'SALESFORCE_ERROR' });
    expect(error.message).toContain('Date');
    c.org.script({ body: {} });
    expect(await failure(c.remote.of(contact).changes.updated(window))).toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
  });
});

describe('an org that does not tell its time', () => {
  it('is not read, while a write is judged by its results', async () => {
    await using c = await connected();
    c.org.script(timeless('[{"id":"003000000000001AAA","success":true,"errors":[]}]'));
    expect(await c.remote.of(contact).writes.createMany([{ LastName: 'A' }])).toMatchObject([
      { kind: 'done', id: '003000000000001AAA' },
    ]);
    c.org.script(timeless('{"totalSize":0,"done":true,"records":[]}'));
    expect(await failure(c.remote.queries.page('SELECT Id FROM Contact', ['Id']))).toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
    expect(() => c.remote.clock.now()).toThrow(/unknown/);
  });
});

describe('describe', () => {
  const field = (name: string, type: string, more: object = {}) => ({ name, type, label: name, ...more });

  it('keeps the fields that a column can hold, compound ones by their parts', async () => {
    await using c = await connected();
    const fields = [
      field('Id', 'id', { idLookup: true, length: 18 }),
      field('Name', 'string', { compoundFieldName: null }),
      field('LastName', 'string', {
        compoundFieldName: 'Name',
        length: 80,
        createable: true,
        nillable: false,
      }),
      field('MailingAddress', 'address'),
      field('MailingCity', 'string', { compoundFieldName: 'MailingAddress' }),
      field('Geo__c', 'location'),
      field('Geo__Latitude__s', 'double', { precision: 18, scale: 15 }),
      field('Photo', 'base64'),
      field('Any', 'anyType'),
      field('Complex', 'complexvalue'),
      field('Level__c', 'picklist', {
        custom: true,
        restrictedPicklist: true,
        picklistValues: [
          { value: 'A', active: true },
          { value: 'B', active: false },
        ],
      }),
      field('AccountId', 'reference', { referenceTo: ['Account'] }),
    ];
    c.org.script({
      headers: { 'last-modified': 'Fri, 30 Jan 2026 10:00:00 GMT' },
      body: { name: 'Contact', fields },
    });
    const describe = await c.remote.of(contact).describe();
    if (describe === 'not-modified') throw new Error('It was not asked conditionally.');
    expect(describe.lastModified).toBe('Fri, 30 Jan 2026 10:00:00 GMT');
    expect(describe.fields.map((f) => f.name)).toEqual([
      'Id',
      'Name',
      'LastName',
      'MailingCity',
      'Geo__Latitude__s',
      'Level__c',
      'AccountId',
    ]);
    expect(describe.fields[2]).toMatchObject({
      length: 80,
      createable: true,
      nillable: false,
      custom: false,
    });
    expect(describe.fields[5]).toMatchObject({
      restrictedPicklist: true,
      picklistValues: ['A'],
      custom: true,
    });
    expect(describe.fields[6]?.referenceTo).toEqual(['Account']);
  });

  it('is asked conditionally and may be unchanged', async () => {
    await using c = await connected();
    c.org.script({ status: 304 });
    const ifModifiedSince = 'Fri, 30 Jan 2026 10:00:00 GMT';
    expect(await c.remote.of(contact).describe({ ifModifiedSince })).toBe('not-modified');
    expect(c.org.seen[0]).toMatchObject({
      url: '/services/data/v62.0/sobjects/Contact/describe',
      headers: { 'if-modified-since': ifModifiedSince },
    });
  });
});

describe('query', () => {
  it('follows the answer’s links to the end, relative, absolute or of another version', async () => {
    await using c = await connected();
    const rows = (...names: string[]) => names.map((LastName) => ({ attributes: {}, LastName }));
    c.org.script(
      {
        body: {
          totalSize: 4,
          done: false,
          nextRecordsUrl: '/services/data/v62.0/query/01g-2',
          records: rows('A'),
        },
      },
      {
        body: {
          totalSize: 4,
          done: false,
          nextRecordsUrl: `${c.org.url}/services/data/v58.0/query/01g-3`,
          records: rows('B', 'C'),
        },
      },
      { body: { totalSize: 4, done: true, records: rows('D') } },
    );
    const soql = "SELECT LastName, Id FROM Contact WHERE Name = 'a&b+c%'";
    const answer = await c.remote.queries.all(soql, { deleted: true });
    expect(answer.records.map((r) => r.LastName)).toEqual(['A', 'B', 'C', 'D']);
    expect(answer.totalSize).toBe(4);
    expect(answer.answeredAt).toBeGreaterThan(answer.readAt);
    expect(c.org.seen.map((r) => r.url.split('?')[0])).toEqual([
      '/services/data/v62.0/queryAll',
      '/services/data/v62.0/query/01g-2',
      '/services/data/v58.0/query/01g-3',
    ]);
    expect(new URL(c.org.seen[0]?.url ?? '', c.org.url).searchParams.get('q')).toBe(soql);
  });

  it.each([
    'https://evil.example/services/data/v62.0/query/01g-2',
    '//evil.example/services/data/v62.0/query/01g-2',
    '/secur/frontdoor.jsp',
    'http://127.0.0.1:1/services/data/v62.0/query/x',
    '',
  ])('never carries the token outside of the org: %s', async (nextRecordsUrl) => {
    await using c = await connected();
    c.org.script({ body: { totalSize: 4, done: false, nextRecordsUrl, records: [] } });
    expect(await failure(c.remote.queries.all('SELECT Id FROM Contact'))).toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
    expect(c.org.seen).toHaveLength(1);
  });

  it('does not go round in circles', async () => {
    await using c = await connected();
    const nextRecordsUrl = '/services/data/v62.0/query/01g-2';
    c.org.always({ body: { totalSize: 4, done: false, nextRecordsUrl, records: [] } });
    expect(await failure(c.remote.queries.all('SELECT Id FROM Contact'))).toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
    expect(c.org.seen).toHaveLength(2);
  });

  it('counts by totalSize', async () => {
    await using c = await connected();
    c.org.script({ body: { totalSize: 12, done: true, records: [] } });
    expect(await c.remote.of(contact).count("LastName != 'x'")).toBe(12);
    expect(c.org.seen[0]?.url).toBe(
      "/services/data/v62.0/query?q=SELECT+COUNT()+FROM+Contact+WHERE+LastName+!%3D+'x'",
    );
  });
});

describe('a page', () => {
  it('of a query asks for its size and tells when it was asked', async () => {
    await using c = await connected();
    c.org.script({ headers: date, body: { totalSize: 0, done: true, records: [] } });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', ['Id'], { pageSize: 2_000 });
    expect(page).toMatchObject({ format: 'query', fields: ['Id'], expectedRows: null });
    expect(page.readAt).toBeLessThanOrEqual(noon);
    expect(c.org.seen[0]?.headers).toMatchObject({
      'sforce-query-options': 'batchSize=2000',
      'user-agent': 'parahack-sync',
      'sforce-call-options': 'client=parahack-sync',
    });
    for await (const _ of page.blocks);
    const second = await c.remote.queries.page('SELECT Id FROM Contact', ['Id']).catch(() => null);
    expect(second).toBeNull();
  });

  it('of a collection holds as many rows as ids were asked', async () => {
    await using c = await connected();
    c.org.script({ body: [{ Id: '003A' }, null] });
    const page = await c.remote.of(contact).retrieve(['003A', '003B'], ['Id', 'LastName']);
    expect(page).toMatchObject({ format: 'collection', expectedRows: 2 });
    const blocks: Uint8Array[] = [];
    for await (const block of page.blocks) blocks.push(block);
    expect(JSON.parse(Buffer.concat(blocks).toString())).toEqual([{ Id: '003A' }, null]);
    expect(c.org.seen[0]).toMatchObject({
      method: 'POST',
      url: '/services/data/v62.0/composite/sobjects/Contact',
    });
    expect(JSON.parse(c.org.seen[0]?.body ?? '')).toEqual({
      ids: ['003A', '003B'],
      fields: ['Id', 'LastName'],
    });
  });

  it('is read at increasing times, and later than an answer seen before it was sent', async () => {
    await using c = await connected();
    c.org.always({ headers: date, body: { totalSize: 0, done: true, records: [] } });
    const first = await c.remote.queries.all('SELECT Id FROM Contact');
    const second = await c.remote.queries.all('SELECT Id FROM Contact');
    expect(second.readAt).toBeGreaterThan(first.answeredAt);
    expect(c.remote.clock.now()).toBeGreaterThan(second.answeredAt);
  });
});

describe('the size of a query’s request', () => {
  it('is what goes over the wire', async () => {
    await using c = await connected();
    const soql = `SELECT ${Array.from({ length: 300 }, (_, i) => `Field_${i}__c`).join(', ')} FROM Contact`;
    expect(c.remote.queries.requestBytes(soql)).toBeGreaterThan(2_048);
    let seen = 0;
    c.org.script((request, response) => {
      const raw = response.req.rawHeaders;
      seen = `GET ${request.url} HTTP/1.1\r\n\r\n`.length;
      for (let i = 0; i < raw.length; i += 2) seen += `${raw[i]}: ${raw[i + 1]}\r\n`.length;
      response.writeHead(200).end();
    });
    const page = await c.remote.queries.page(soql, [], { pageSize: 2_000 });
    for await (const _ of page.blocks);
    expect(c.remote.queries.requestBytes(soql)).toBe(seen);
  });
});

describe('identity', () => {
  it('comes from userinfo', async () => {
    await using c = await connected();
    c.org.script({
      body: {
        organization_id: '00D000000000001EAA',
        user_id: '005000000000001AAA',
        preferred_username: 'a@b.c',
      },
    });
    expect(await c.remote.identity()).toEqual({
      orgId: '00D000000000001EAA',
      userId: '005000000000001AAA',
      username: 'a@b.c',
    });
    expect(c.org.seen[0]?.url).toBe('/services/oauth2/userinfo');
  });

  it('renews a token that userinfo calls bad, with 403', async () => {
    await using c = await connected();
    c.org.script(
      { status: 403, headers: { 'content-type': 'text/html' }, body: 'Bad_OAuth_Token' },
      {
        body: {
          organization_id: '00D000000000001EAA',
          user_id: '005000000000001AAA',
          preferred_username: 'a@b.c',
        },
      },
    );
    expect(await c.remote.identity()).toMatchObject({ orgId: '00D000000000001EAA' });
    expect(c.renewals).toEqual([secretToken]);
  });

  it('is pieced together on the org itself where userinfo is out of scope', async () => {
    await using c = await connected();
    const [orgId, userId] = ['00D000000000001EAA', '005000000000001AAA'];
    c.org.script(
      { status: 403, body: [{ errorCode: 'INSUFFICIENT_SCOPE', message: 'x' }] },
      { body: { identity: `https://login.salesforce.com/id/${orgId}/${userId}` } },
      { body: { totalSize: 1, done: true, records: [{ Username: 'a@b.c' }] } },
    );
    expect(await c.remote.identity()).toEqual({ orgId, userId, username: 'a@b.c' });
    expect(c.org.seen).toHaveLength(3);
  });
});

describe('limits', () => {
  it('are told by Salesforce’s names', async () => {
    await using c = await connected();
    const body = {
      DailyApiRequests: { Max: 15_000, Remaining: 14_998, 'My App': { Max: 0, Remaining: 0 } },
      DataStorageMB: { Max: 5, Remaining: 5 },
    };
    c.org.script({ body });
    expect(await c.remote.usage.limits()).toEqual({
      dailyApiRequests: { max: 15_000, remaining: 14_998 },
      all: { DailyApiRequests: { Max: 15_000, Remaining: 14_998 }, DataStorageMB: { Max: 5, Remaining: 5 } },
    });
  });
});

describe('a renamed My Domain', () => {
  it('moves the calls at once: the base is read per request', async () => {
    await using old = await connected();
    await using moved = await connected();
    let apiUrl = old.org.url;
    await using c = await connected({
      session: {
        instanceUrl: old.org.url,
        userId: '005000000000001AAA',
        get apiUrl() {
          return apiUrl;
        },
        accessToken: async () => 'a',
        renew: async () => {
          apiUrl = moved.org.url;
          return 'b';
        },
      },
    });
    old.org.script({ status: 401, headers: date });
    moved.org.script({ headers: date, body: { totalSize: 1, done: true, records: [] } });
    expect(await c.remote.of(contact).count(null)).toBe(1);
    moved.org.script({ headers: date, body: { ids: [], latestDateCovered: null } });
    await c.remote.of(contact).changes.updated(window);
    expect(moved.org.seen).toHaveLength(2);
  });
});
