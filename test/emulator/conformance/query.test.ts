import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Record<string, unknown>[];
}

// Sources: REST API Developer Guide (Query, QueryAll, Query More Results, Query Options Header, Query Performance
// Feedback); SOQL and SOSL Reference; help 000384958 (ten cursors).
describe('query', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 1_000 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const query = (soql: string, headers: Record<string, string> = {}, resource = 'query') =>
    org.api<Page>(`/${resource}?q=${encodeURIComponent(soql)}`, { headers });
  const small = { 'sforce-query-options': 'batchSize=200' };

  it('answers totalSize, done and records with attributes', async () => {
    const { status, body } = await query('SELECT Id, LastName FROM Contact LIMIT 3');
    expect(status).toBe(200);
    expect(body).toMatchObject({ totalSize: 3, done: true });
    expect(body.nextRecordsUrl).toBeUndefined();
    expect(body.records[0]).toEqual({
      attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${body.records[0]?.Id}` },
      Id: expect.stringMatching(/^003/),
      LastName: expect.any(String),
    });
  });

  it('pages by batchSize with a locator of 18 characters and an offset', async () => {
    const live = await org.live();
    const first = await query('SELECT Id FROM Contact', small);
    expect(first.body).toMatchObject({ totalSize: live, done: false });
    expect(first.body.records).toHaveLength(200);
    expect(first.body.nextRecordsUrl).toMatch(/^\/services\/data\/v62\.0\/query\/01g[0-9A-Za-z]{15}-200$/);
    const ids = first.body.records.map((r) => r.Id);
    let next = first.body.nextRecordsUrl;
    while (next) {
      const page: Page = (await org.api<Page>(next)).body;
      ids.push(...page.records.map((r) => r.Id));
      expect(page.done).toBe(page.nextRecordsUrl === undefined);
      next = page.nextRecordsUrl;
    }
    expect(new Set(ids).size).toBe(live);
  });

  it('brings batchSize to 200 to 2,000 (Query Options Header)', async () => {
    expect(
      (await query('SELECT Id FROM Contact', { 'sforce-query-options': 'batchSize=1' })).body.records,
    ).toHaveLength(200);
    const most = await query('SELECT Id FROM Contact', { 'sforce-query-options': 'batchSize=9000' });
    expect(most.body.records).toHaveLength(Math.min(await org.live(), 2_000));
  });

  it('shortens pages, as wide rows do (setting maxPageRows)', async () => {
    await org.control('settings', { maxPageRows: 70 });
    const { body } = await query('SELECT Id FROM Contact');
    expect(body.records).toHaveLength(70);
    expect(body.nextRecordsUrl).toMatch(/-70$/);
  });

  it('keeps ten open cursors a user: the eleventh releases the oldest, INVALID_QUERY_LOCATOR', async () => {
    const urls: string[] = [];
    for (let i = 0; i < 11; i++) {
      urls.push((await query('SELECT Id FROM Contact', small)).body.nextRecordsUrl ?? '');
    }
    const oldest = await org.api<Json[]>(urls[0] ?? '');
    expect(oldest.status).toBe(400);
    expect(oldest.body).toEqual([{ errorCode: 'INVALID_QUERY_LOCATOR', message: 'invalid query locator' }]);
    for (const url of urls.slice(1)) expect((await org.api(url)).status).toBe(200);
  });

  it('ends a cursor after 15 minutes without use', async () => {
    const { body } = await query('SELECT Id FROM Contact', small);
    await org.control('clock', { advanceMs: 16 * 60_000 });
    const { status, body: error } = await org.api<Json[]>(body.nextRecordsUrl ?? '');
    expect([status, error[0]?.errorCode]).toEqual([400, 'INVALID_QUERY_LOCATOR']);
  });

  it('gives a cursor to its own user only', async () => {
    const { body } = await query('SELECT Id FROM Contact', small);
    const users = await query('SELECT Username FROM User WHERE IsActive = true');
    const other = users.body.records.map((u) => String(u.Username)).find((n) => n !== org.emulator.username);
    const { accessToken } = await org.control<{ accessToken: string }>('sessions', { login: other });
    expect((await org.api(body.nextRecordsUrl ?? '', { token: accessToken })).status).toBe(400);
    expect((await org.api(body.nextRecordsUrl ?? '')).status).toBe(200);
  });

  it('answers malformed locators with INVALID_QUERY_LOCATOR', async () => {
    for (const locator of ['01g', 'x-1', '01g000000000001AAA-0', '%00']) {
      const { status, body } = await org.api<Json[]>(`/query/${locator}`);
      expect([status, body[0]?.errorCode]).toEqual([400, 'INVALID_QUERY_LOCATOR']);
    }
  });

  it('shows deleted rows to queryAll only; its continuation is answered at query and at queryAll', async () => {
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 2 });
    const soql = 'SELECT Id, IsDeleted FROM Contact';
    expect((await query(soql)).body.totalSize).toBe(998);
    const all = await query(soql, small, 'queryAll');
    expect(all.body.totalSize).toBe(1_000);
    const next = all.body.nextRecordsUrl ?? '';
    expect((await org.api(next)).status).toBe(200);
    expect((await org.api(next.replace('/query/', '/queryAll/'))).status).toBe(200);
    const gone = await query('SELECT Id FROM Contact WHERE IsDeleted = true', {}, 'queryAll');
    expect(gone.body.records.map((r) => r.Id).sort()).toEqual([...ids].sort());
  });

  it('answers COUNT() as totalSize without records, and aggregates as AggregateResult', async () => {
    const live = await org.live();
    expect((await query('SELECT COUNT() FROM Contact')).body).toEqual({
      totalSize: live,
      done: true,
      records: [],
    });
    const { body } = await query('SELECT COUNT(Id) FROM Contact');
    expect(body.records).toEqual([{ attributes: { type: 'AggregateResult' }, expr0: live }]);
  });

  it('answers a malformed query, an unknown field and an unknown object with their codes', async () => {
    const code = async (soql: string) => {
      const { status, body } = await query(soql);
      expect(status).toBe(400);
      return (body as unknown as Json[])[0]?.errorCode;
    };
    expect(await code('SELECT FROM Contact')).toBe('MALFORMED_QUERY');
    expect(await code('SELECT Nope FROM Contact')).toBe('INVALID_FIELD');
    expect(await code('SELECT Id FROM Nope__c')).toBe('INVALID_TYPE');
    const none = await org.api<Json[]>('/query');
    expect([none.status, none.body[0]?.errorCode]).toEqual([400, 'MALFORMED_QUERY']);
  });

  it('shows where an id is none: INVALID_QUERY_FILTER_OPERATOR with the place', async () => {
    const { status, body } = await org.api<Json[]>("/query?q=SELECT+Id+FROM+Contact+WHERE+Id='abc'");
    expect(status).toBe(400);
    expect(body[0]).toEqual({
      errorCode: 'INVALID_QUERY_FILTER_OPERATOR',
      message:
        "\nSELECT Id FROM Contact WHERE Id='abc'\n                             ^\nERROR at Row:1:Column:30\ninvalid ID field: abc",
    });
  });

  it('limits FIELDS(ALL) to 200 rows and allows FIELDS(STANDARD) without', async () => {
    expect((await query('SELECT FIELDS(ALL) FROM Contact')).status).toBe(400);
    expect((await query('SELECT FIELDS(ALL) FROM Contact LIMIT 200')).status).toBe(200);
    expect((await query('SELECT FIELDS(STANDARD) FROM Contact LIMIT 1')).status).toBe(200);
  });

  it('answers explain with plans, and columns=true with columnMetadata', async () => {
    const explain = await org.api<{ plans: Json[] }>(
      `/query?explain=${encodeURIComponent('SELECT Id FROM Contact')}`,
    );
    expect(explain.body.plans[0]).toMatchObject({
      sobjectType: 'Contact',
      leadingOperationType: expect.any(String),
    });
    const columns = async (soql: string) =>
      (await org.api<{ columnMetadata: Json[] }>(`/query?q=${encodeURIComponent(soql)}&columns=true`)).body
        .columnMetadata;
    // As the CLI's plugin-data reads it (data query: searchSubColumnsRecursively, FieldType).
    expect(await columns('SELECT Id, Account.Name, Account.Owner.Name, Name FROM Contact')).toMatchObject([
      { columnName: 'Id', aggregate: false, joinColumns: [] },
      {
        columnName: 'Account',
        aggregate: false,
        joinColumns: [
          { columnName: 'Name', joinColumns: [] },
          { columnName: 'Owner', joinColumns: [{ columnName: 'Name' }] },
        ],
      },
      { columnName: 'Name', displayName: 'Name' },
    ]);
    expect(await columns('SELECT Name, (SELECT LastName FROM Contacts) FROM Account')).toMatchObject([
      { columnName: 'Name' },
      { columnName: 'Contacts', aggregate: true, joinColumns: [{ columnName: 'LastName' }] },
    ]);
    expect(
      await columns('SELECT LeadSource, COUNT(Id), MAX(CreatedDate) latest FROM Contact GROUP BY LeadSource'),
    ).toMatchObject([
      { columnName: 'LeadSource', aggregate: false },
      { columnName: 'expr0', displayName: 'COUNT(Id)', aggregate: true },
      { columnName: 'latest', displayName: 'MAX(CreatedDate)', aggregate: true },
    ]);
    expect((await columns('SELECT FIELDS(STANDARD) FROM Contact')).length).toBeGreaterThan(40);
  });

  it('is not answered by POST (a Composite subrequest carries long queries)', async () => {
    const { status } = await org.api('/query', { method: 'POST', json: { q: 'SELECT Id FROM Contact' } });
    expect(status).toBe(405);
  });
});
