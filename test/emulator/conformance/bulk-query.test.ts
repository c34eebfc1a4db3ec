import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: Bulk API 2.0 and Bulk API Developer Guide (Create a Query Job, Get Information About a Query Job, Get
// Results for a Query Job, Get Parallel Results for a Query Job, Abort, Delete, Get Information About All Query
// Jobs); simple-salesforce's and plugin-data's fixtures.
describe('Bulk API 2.0 query', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 1_200 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const create = (query: string, extra: Json = {}, version = '62.0') =>
    org.api<Json & { id: string }>('/jobs/query', { json: { operation: 'query', query, ...extra }, version });
  const info = async (id: string) => (await org.api<Json & { state: string }>(`/jobs/query/${id}`)).body;

  async function completed(query: string, extra: Json = {}, version = '62.0'): Promise<string> {
    const { status, body, text } = await create(query, extra, version);
    expect(status, text).toBe(200);
    for (let i = 0; i < 1_000; i++) {
      const { state } = await info(body.id);
      if (state === 'JobComplete') return body.id;
      expect(['UploadComplete', 'InProgress']).toContain(state);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error('The job did not complete.');
  }
  const page = (id: string, query = '', version = '62.0') =>
    org.api<string>(`/jobs/query/${id}/results${query}`, { version });
  const rows = (csv: string, options = {}) =>
    parse(csv, { columns: true, ...options }) as Record<string, string>[];

  it('creates with the documented keys in state UploadComplete', async () => {
    const { status, body } = await create('SELECT Id FROM Contact');
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^750[0-9A-Za-z]{15}$/),
      operation: 'query',
      object: 'Contact',
      createdById: org.emulator.userId,
      createdDate: expect.stringMatching(/\.000\+0000$/),
      systemModstamp: expect.stringMatching(/\.000\+0000$/),
      state: 'UploadComplete',
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: 62,
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
    });
  });

  it('writes apiVersion with its decimal, in jobs and in their list (Create a Job, Response)', async () => {
    const query = 'SELECT Id FROM Contact LIMIT 1';
    const made = await org.api<{ id: string }>('/jobs/query', { json: { operation: 'query', query } });
    for (const path of [`/jobs/query/${made.body.id}`, '/jobs/query']) {
      expect((await org.api(path)).text).toContain('"apiVersion":62.0,');
    }
    expect(made.text).toContain('"apiVersion":62.0,');
  });

  it('completes with jobType V2Query and numberRecordsProcessed', async () => {
    const live = await org.live();
    const id = await completed('SELECT Id FROM Contact');
    expect(await info(id)).toMatchObject({
      jobType: 'V2Query',
      numberRecordsProcessed: live,
      retries: 0,
      totalProcessingTime: expect.any(Number),
    });
  });

  it('answers quoted CSV whose header line comes on every page, with Sforce-NumberOfRecords and Sforce-Locator', async () => {
    const live = await org.live();
    const id = await completed('SELECT Id, LastName FROM Contact');
    const seen: string[] = [];
    let query = '?maxRecords=500';
    const sizes: number[] = [];
    for (;;) {
      const { headers, text } = await page(id, query);
      expect(headers.get('content-type')).toContain('text/csv');
      expect(text.startsWith('"Id","LastName"\n"003')).toBe(true);
      const pageRows = rows(text);
      expect(Number(headers.get('sforce-numberofrecords'))).toBe(pageRows.length);
      sizes.push(pageRows.length);
      seen.push(...pageRows.map((r) => r.Id ?? ''));
      const locator = headers.get('sforce-locator');
      if (locator === 'null') break;
      expect(locator).toMatch(/^[A-Za-z0-9+/]+$/);
      query = `?maxRecords=500&locator=${locator}`;
    }
    expect(sizes).toEqual(sizes.map((_, at) => Math.min(500, live - 500 * at)));
    expect(new Set(seen).size).toBe(live);
  });

  it('answers the same bytes for a locator each time (Get Results, Rules and Guidelines)', async () => {
    const id = await completed('SELECT Id, Name FROM Contact');
    const first = await page(id, '?maxRecords=100');
    const query = `?maxRecords=100&locator=${first.headers.get('sforce-locator')}`;
    const second = await page(id, query);
    await org.control('touch', { count: 50 });
    expect((await page(id, query)).text).toBe(second.text);
  });

  it('has bulkPageRows rows a page where maxRecords is not given', async () => {
    await org.control('settings', { bulkPageRows: 700 });
    const id = await completed('SELECT Id FROM Contact');
    expect((await page(id)).headers.get('sforce-numberofrecords')).toBe('700');
  });

  it('answers a header only where no row matches', async () => {
    const id = await completed("SELECT Id FROM Contact WHERE LastName = 'nobody at all'");
    const { text, headers } = await page(id);
    expect(text).toBe('"Id"\n');
    expect(headers.get('sforce-locator')).toBe('null');
    expect(headers.get('sforce-numberofrecords')).toBe('0');
  });

  it('has every delimiter and line ending', async () => {
    const chars = { BACKQUOTE: '`', CARET: '^', COMMA: ',', PIPE: '|', SEMICOLON: ';', TAB: '\t' };
    for (const [columnDelimiter, char] of Object.entries(chars)) {
      const id = await completed('SELECT Id, LastName FROM Contact LIMIT 2', {
        columnDelimiter,
        lineEnding: 'CRLF',
      });
      const { text } = await page(id);
      expect(text.startsWith(`"Id"${char}"LastName"\r\n`)).toBe(true);
      expect(text.endsWith('\r\n')).toBe(true);
    }
    expect((await create('SELECT Id FROM Contact', { columnDelimiter: 'SPACE' })).status).toBe(400);
  });

  it('writes datetimes with Z, as bulk CSV does', async () => {
    const id = await completed('SELECT CreatedDate FROM Contact LIMIT 1');
    expect(rows((await page(id)).text)[0]?.CreatedDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('shows deleted rows to queryAll jobs', async () => {
    await org.control('delete', { count: 3 });
    const soql = 'SELECT Id FROM Contact WHERE IsDeleted = true';
    const all = await completed(soql, { operation: 'queryAll' });
    expect((await page(all)).headers.get('sforce-numberofrecords')).toBe('3');
    const live = await completed(soql);
    expect((await page(live)).headers.get('sforce-numberofrecords')).toBe('0');
  });

  it('lists pages for parallel fetching, five URLs a call (Get Parallel Results, API 58 and later)', async () => {
    await org.control('settings', { bulkPageRows: 180 });
    const id = await completed('SELECT Id FROM Contact');
    interface Pages {
      resultPages: { resultUrl: string }[];
      nextRecordsUrl?: string;
      done: boolean;
    }
    const first = (await org.api<Pages>(`/jobs/query/${id}/resultPages`)).body;
    expect([first.resultPages.length, first.done]).toEqual([5, false]);
    const second = (await org.api<Pages>(first.nextRecordsUrl ?? '')).body;
    expect([second.resultPages.length, second.done, second.nextRecordsUrl]).toEqual([2, true, undefined]);
    const urls = [...first.resultPages, ...second.resultPages].map((p) => p.resultUrl);
    const pages = await Promise.all(urls.map((url) => org.api<string>(url)));
    const ids = pages.flatMap((p) => rows(p.text).map((r) => r.Id));
    expect(pages.map((p) => p.headers.get('sforce-numberofrecords'))).toEqual([
      ...Array(6).fill('180'),
      '120',
    ]);
    expect(new Set(ids).size).toBe(1_200);
    expect(pages.at(-1)?.headers.get('sforce-locator')).toBe('null');
  });

  it('gives results in the API version of the job only: else 409', async () => {
    const id = await completed('SELECT Id FROM Contact');
    for (const resource of ['results', 'resultPages']) {
      expect((await org.api(`/jobs/query/${id}/${resource}`, { version: '61.0' })).status).toBe(409);
    }
    const old = await completed('SELECT Id FROM Contact', {}, '57.0');
    expect((await org.api(`/jobs/query/${old}/resultPages`, { version: '57.0' })).status).toBe(404);
    expect((await page(old, '', '57.0')).status).toBe(200);
  });

  it('takes time by the org’s clock (setting bulkJobMs), and has no results before', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    const { body } = await create('SELECT Id FROM Contact');
    expect((await info(body.id)).state).toBe('UploadComplete');
    const early = await org.api<Json[]>(`/jobs/query/${body.id}/results`);
    expect([early.status, early.body[0]?.errorCode]).toEqual([400, 'INVALIDJOBSTATE']);
    await org.control('clock', { advanceMs: 30_000 });
    expect((await info(body.id)).state).toBe('InProgress');
    expect((await org.api(`/jobs/query/${body.id}`, { method: 'DELETE' })).status).toBe(400);
    await org.control('clock', { advanceMs: 30_000 });
    expect((await info(body.id)).state).toBe('JobComplete');
  });

  it('fails a job with errorMessage and without results (setting bulkJobFailures)', async () => {
    await org.control('settings', { bulkJobFailures: 1 });
    const { body } = await create('SELECT Id FROM Contact');
    expect(await info(body.id)).toMatchObject({ state: 'Failed', errorMessage: expect.any(String) });
    expect((await page(body.id)).status).toBe(400);
    await completed('SELECT Id FROM Contact');
  });

  it('aborts a job that is under way, and not one that is done', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    const { body } = await create('SELECT Id FROM Contact');
    const abort = () =>
      org.api<Json>(`/jobs/query/${body.id}`, { method: 'PATCH', json: { state: 'Aborted' } });
    const answer = await abort();
    expect([answer.status, answer.body.state]).toEqual([200, 'Aborted']);
    await org.control('clock', { advanceMs: 120_000 });
    expect((await info(body.id)).state).toBe('Aborted');
    await org.control('settings', { bulkJobMs: 0 });
    const done = await completed('SELECT Id FROM Contact');
    const late = await org.api(`/jobs/query/${done}`, { method: 'PATCH', json: { state: 'Aborted' } });
    expect(late.status).toBe(400);
  });

  it('deletes with 204; afterwards 404. Jobs vanish after seven days', async () => {
    const id = await completed('SELECT Id FROM Contact');
    expect((await org.api(`/jobs/query/${id}`, { method: 'DELETE' })).status).toBe(204);
    const gone = await org.api<Json[]>(`/jobs/query/${id}`);
    expect([gone.status, gone.body[0]?.errorCode]).toEqual([404, 'NOT_FOUND']);
    const aged = await completed('SELECT Id FROM Contact');
    await org.control('clock', { advanceMs: 8 * 86_400_000 });
    expect((await page(aged)).status).toBe(404);
  });

  it('lists jobs', async () => {
    const id = await completed('SELECT Id FROM Contact');
    const { body } = await org.api<{ done: boolean; records: Json[] }>('/jobs/query');
    expect(body.done).toBe(true);
    expect(body.records).toContainEqual(
      expect.objectContaining({ id, state: 'JobComplete', jobType: 'V2Query' }),
    );
  });

  it('refuses what Bulk API 2.0 does not take: compound fields, aggregates, GROUP BY, OFFSET', async () => {
    for (const soql of [
      'SELECT MailingAddress FROM Contact',
      'SELECT COUNT() FROM Contact',
      'SELECT COUNT(Id) FROM Contact',
      'SELECT LastName FROM Contact GROUP BY LastName',
      'SELECT Id FROM Contact LIMIT 10 OFFSET 5',
      'SELECT Nope FROM Contact',
      'nonsense',
    ]) {
      expect((await create(soql)).status, soql).toBe(400);
    }
    expect((await create('SELECT Id FROM Contact', { operation: 'delete' })).status).toBe(400);
    expect((await create('SELECT Id FROM Contact', { contentType: 'JSON' })).status).toBe(400);
  });

  it('refuses malformed locators and maxRecords with 400', async () => {
    const id = await completed('SELECT Id FROM Contact');
    for (const query of ['?locator=nonsense', '?locator=OTk5OTk5', '?maxRecords=0', '?maxRecords=x']) {
      expect((await page(id, query)).status, query).toBe(400);
    }
  });
});
